/** Dead letters as an operator meets them: `npm start -- dead-letters …`, and the list that admins see. */
import { expect, vi } from 'vitest';
import { everyItem, type User } from './client.fixture.ts';
import { runProgram } from './program.fixture.ts';

/** What it printed, and how it ended. */
export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Makes the function that runs `npm start -- dead-letters …` with the variables of an installation. */
export function deadLettersOf(env: Record<string, string>): (...args: string[]) => Promise<Ran> {
  return async (...args) => {
    const program = runProgram(['dead-letters', ...args], env);
    const { code } = await program.ended;
    return { code, out: program.stdout(), err: program.stderr() };
  };
}

/** Waits until a dead letter is listed; answers its line in the list. */
export function listedDead(admin: User, queue: string, id: string): Promise<{ id: string; status: string; kind: string; reason: string | null }> {
  return vi.waitFor(
    async () => {
      const all = await everyItem(admin.call, `/api/admin/dead-letters?queue=${queue}&limit=100`);
      return all.find((one) => one.id === id) ?? expect.fail(`${id} is not listed in ${queue}: ${JSON.stringify(all)}`);
    },
    { timeout: 30_000, interval: 50 },
  );
}
