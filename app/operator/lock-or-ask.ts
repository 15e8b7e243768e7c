/** The two ways of an operator's command to an installation on embedded stores: its folder, or the process that holds the folder. */

import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FieldError, Problem } from '../../contracts/problem.ts';
import { type RunningAt, readRunning } from '../../gateway/operator.ts';
import { checkInstalled, FolderError, lockFolder } from '../../platform/data-folder-lock.ts';
import type { Route } from '../../platform/http/route.ts';
import { UserError } from '../../platform/user-error.ts';

/** Asks a row, as an admin. Rejects with an error of one line where the row refuses. */
export type Ask = <T>(method: Route['method'], path: string, body?: unknown) => Promise<T>;

/** Opens the answer of a row that answers with a stream, as an admin. Rejects with an error of one line where the row refuses. */
export type OpenAnswer = (path: string) => Promise<Readable>;

/** The two ways in which rows are asked. */
export interface AskedRows {
  ask: Ask;
  open: OpenAnswer;
}

/**
 * Calls `here` while it holds the folder's lock; where another process has the lock, calls `there` to ask that process.
 * Errors: those of the work; FolderError where there is no installation, or its process has not started yet.
 *
 *     await lockOrAsk(config.DATA_DIR, () => rebuildHere(config), (ask) => ask('POST', '/api/admin/projections/task_list/rebuild'));
 */
export async function lockOrAsk(dataDir: string, here: () => Promise<void>, there: (ask: Ask, open: OpenAnswer) => Promise<void>): Promise<void> {
  checkInstalled(dataDir);
  const lock = lockUnlessHeld(dataDir);
  if (!lock) {
    const { ask, open } = askProcess(await runningOn(dataDir));
    return there(ask, open);
  }
  try {
    await here();
  } finally {
    lock.release();
  }
}

function lockUnlessHeld(dataDir: string): { release(): void } | null {
  try {
    return lockFolder(dataDir);
  } catch (error) {
    if (error instanceof FolderError && error.held) return null;
    throw error;
  }
}

async function runningOn(dataDir: string): Promise<RunningAt> {
  const running = await readRunning(dataDir);
  if (running) return running;
  throw new FolderError(`The folder ${dataDir} is held by a process that has not started yet. Try again in a moment.`);
}

type Refused = Pick<Problem, 'errors'> & { detail?: string };

/** A refusal in one line: where its detail only names fields, what is wrong with each. */
export function inOneLine(detail: string, errors: readonly FieldError[] = []): string {
  if (!detail.startsWith('Not valid: ') || errors.length === 0) return detail;
  return `Not valid: ${errors.map(({ pointer, detail: wrong }) => `${pointer.replace(/^[/:]/, '')} ${wrong}`).join('; ')}.`;
}

function askProcess({ url, token }: RunningAt): AskedRows {
  async function answered(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${path}`, request).catch((cause: unknown) => {
      throw new UserError(`The running process does not answer at ${url}. Try again in a moment.`, { cause });
    });
    if (response.ok) return response;
    const { detail = `The running process answered ${response.status}.`, errors } = (await response.json()) as Refused;
    throw new UserError(inOneLine(detail, errors));
  }

  return {
    ask: async <T>(method: string, path: string, body?: unknown) => (await (await answered(method, path, body)).json()) as T,
    open: async (path) => Readable.fromWeb((await answered('GET', path)).body as ReadableStream),
  };
}
