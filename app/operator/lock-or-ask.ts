/** The two ways of an operator's command to an installation on embedded stores: its folder, or the process that holds the folder. */

import { type RunningAt, readRunning } from '../../gateway/operator.ts';
import { checkInstalled, FolderError, lockFolder } from '../../platform/data-folder-lock.ts';
import type { Route } from '../../platform/http/route.ts';
import { UserError } from '../../platform/user-error.ts';

/** Asks a row, as an admin. Rejects with an error of one line where the row refuses. */
export type Ask = <T>(method: Route['method'], path: string, body?: unknown) => Promise<T>;

/**
 * Calls `here` while it holds the folder's lock; where another process has the lock, calls `there` to ask that process.
 * Errors: those of the work; FolderError where there is no installation, or its process has not started yet.
 *
 *     await lockOrAsk(config.DATA_DIR, () => rebuildHere(config), (ask) => ask('POST', '/api/admin/projections/task_list/rebuild'));
 */
export async function lockOrAsk(dataDir: string, here: () => Promise<void>, there: (ask: Ask) => Promise<void>): Promise<void> {
  checkInstalled(dataDir);
  const lock = lockUnlessHeld(dataDir);
  if (!lock) return there(askProcess(await runningOn(dataDir)));
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

function askProcess({ url, token }: RunningAt): Ask {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${path}`, request).catch((cause: unknown) => {
      throw new UserError(`The running process does not answer at ${url}. Try again in a moment.`, { cause });
    });
    const answer = (await response.json()) as T & { detail?: string };
    if (response.ok) return answer;
    throw new UserError(answer.detail ?? `The running process answered ${response.status}.`);
  };
}
