/** Dead letters from an operator's view: `npm start -- dead-letters …`, and the list of the admins. */
import { expect, vi } from 'vitest';
import type { DeadLetterSummary } from '../contracts/dead-letter.ts';
import { everyItem, type User } from './client.fixture.ts';
import { runProgram } from './program.fixture.ts';

/** The output of a command that ran, and its exit code. */
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

/** The dead letters of a queue, newest first. */
export function deadIn(admin: User, queue: string): Promise<DeadLetterSummary[]> {
  return everyItem(admin.call, `/api/admin/dead-letters?queue=${queue}&limit=100`);
}

/** Waits until a dead letter with this id, or of this kind, is listed; resolves to it. */
export function listedDead(admin: User, queue: string, which: { id: string } | { kind: string }): Promise<DeadLetterSummary> {
  return vi.waitFor(
    async () => {
      const all = await deadIn(admin, queue);
      const [[field, value] = ['', '']] = Object.entries(which);
      return all.find((one) => one[field as 'id' | 'kind'] === value) ?? expect.fail(`none with ${field} ${value}: ${JSON.stringify(all)}`);
    },
    { timeout: 30_000, interval: 50 },
  );
}
