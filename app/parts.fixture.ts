/** A part alone, in this process on embedded stores, to find the rows that it answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from './config.ts';
import type { Part } from './parts.ts';
import { ALL_ROWS, rowName } from './rows.ts';
import { start } from './start.ts';
import { type PartContext, type StartedPart, startPart } from './start-parts.ts';

/** The name of the sockets, as if they were a row. */
export const SOCKETS = 'GET /socket.io/';

const ID = '5f1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a02';

/** The rows of a part that was started alone. */
export interface PartAlone {
  /** The names of the rows that it has routes for. */
  routes: string[];
  /** The names of the rows of all parts, and of the sockets, that it answers when it is asked. */
  answers: string[];
}

/** The path of a row, with an id in place of each parameter. */
export function pathOf(name: string): string {
  return (name.split(' ')[1] ?? '').replaceAll(/:\w+/g, ID);
}

/** Starts a part alone, on its own folder, and asks it for the rows of all parts. */
export async function partAlone(part: Part): Promise<PartAlone> {
  const folder = await mkdtemp(join(tmpdir(), 'part-'));
  const config = readConfig({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', ADMIN_PASSWORD: 'nobody logs in' });
  let started: StartedPart = {};
  const only = async (process: PartContext) => {
    started = await startPart[part](process);
    return started;
  };
  const { url, stop } = await start(config, { parts: [part], only });
  try {
    const names = [...ALL_ROWS.map(rowName), SOCKETS];
    const answered = await Promise.all(names.map((name) => answersRow(url, name)));
    return { routes: (started.routes ?? []).map(rowName), answers: names.filter((_, index) => answered[index]) };
  } finally {
    await stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Not so where it says that there is nothing, or nothing with this method. */
async function answersRow(url: string, name: string): Promise<boolean> {
  const answer = await fetch(`${url}${pathOf(name)}`, { method: name.split(' ')[0] ?? '' });
  const text = await answer.text();
  return answer.status !== 405 && !text.includes('There is nothing at');
}
