/**
 * The way of an operator's command to the process that holds a folder: `running.json` (mode 600) in DATA_DIR has its address and a
 * token that only this process takes. Whoever can read the folder's files is its operator.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Caller } from '../platform/http/route.ts';

export interface RunningAt {
  pid: number;
  url: string;
  token: string;
}

export interface Operator {
  /** The caller for the operator's token; null for any other token. */
  caller(token: string): Caller | null;
  /** Writes `running.json`. */
  announce(url: string): Promise<void>;
  retire(): Promise<void>;
}

/** The caller as which an operator's command acts. */
export const OPERATOR: Caller = { id: 'operator', role: 'admin', seesAll: true, sessionId: 'operator' };
const file = (dataDir: string) => join(dataDir, 'running.json');

/** Opens the way in of this machine's operator, with a new token. */
export function openOperator(dataDir: string): Operator {
  const token = `operator-${randomBytes(32).toString('base64url')}`;
  const expected = Buffer.from(token);
  return {
    caller: (given) => {
      const bytes = Buffer.from(given);
      return bytes.length === expected.length && timingSafeEqual(bytes, expected) ? OPERATOR : null;
    },
    announce: async (url) => {
      const running: RunningAt = { pid: process.pid, url, token };
      await rm(file(dataDir), { force: true });
      await writeFile(file(dataDir), JSON.stringify(running), { mode: 0o600 });
    },
    retire: () => rm(file(dataDir), { force: true }),
  };
}

/** Resolves to the process that announced itself in a folder; null where none did. */
export async function readRunning(dataDir: string): Promise<RunningAt | null> {
  try {
    return JSON.parse(await readFile(file(dataDir), 'utf8')) as RunningAt;
  } catch {
    return null;
  }
}
