/** A page that is open all the time: it follows all tasks through every fault, and loads anew where it is told to. */
import { expect, vi } from 'vitest';
import { type Change, connectLive } from '../realtime/client/live.ts';
import type { User } from './client.fixture.ts';
import type { System } from './system.fixture.ts';

/** A thing that the page got: a change, or everything up to a position, which it loaded anew. */
export type Seen = { change: Change } | { loadedUpTo: string };

export interface Watching {
  seen: Seen[];
  /** The position up to which the page has seen everything. */
  position(): string;
  /** Resolves once the page has seen everything up to a position. */
  reached(position: string): Promise<void>;
  close(): void;
}

/** Opens such a page; resolves once it follows the topic. */
export async function watchTasks(system: System, user: () => Promise<User>): Promise<Watching> {
  const seen: Seen[] = [];
  const live = connectLive({ url: system.url(), token: async () => (await user()).accessToken, retry: { first: 50, longest: 500 } });
  const subscription = live.subscribe('tasks', {
    onChange: (change) => seen.push({ change }),
    onSnapshotNeeded: async () => {
      const { headers } = await (await user()).ok('GET /api/tasks?limit=1');
      const position = headers.get('position') ?? '';
      seen.push({ loadedUpTo: position });
      return position;
    },
  });
  const position = () => subscription.position() ?? '';
  await vi.waitFor(() => expect(subscription.position(), 'the topic was not joined').toBeDefined(), { timeout: 30_000, interval: 10 });
  return {
    seen,
    position,
    reached: (wanted) =>
      vi.waitFor(() => expect(position() >= wanted, `the page is at ${position()}, not at ${wanted}`).toBe(true), { timeout: 60_000, interval: 5 }),
    close: () => live.close(),
  };
}

/** Checks what a page got against the positions of all changes: each once, in order, with none left out but those that it loaded anew. */
export function checkSeen(seen: readonly Seen[], expected: readonly string[]): void {
  let next = 0;
  for (const one of seen) {
    if ('loadedUpTo' in one) while ((expected[next] ?? '~') <= one.loadedUpTo) next++;
    else expect(one.change.position, `change ${next} of the page`).toBe(expected[next++]);
  }
  expect(next, 'changes of the page').toBe(expected.length);
}
