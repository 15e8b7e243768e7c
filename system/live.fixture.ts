/** A live client through the browser library, as pages have it. */
import { expect, vi } from 'vitest';
import { type Change, connectLive, type LiveState } from '../realtime/client/live.ts';
import type { User } from './client.fixture.ts';
import type { System } from './system.fixture.ts';

export interface Following {
  changes: Change[];
  /** Every state the connection was in. */
  states: LiveState[];
  /** The number of times that the server could not tell the missed changes. */
  snapshots(): number;
  /** Resolves once the server has answered the subscription. */
  joined(): Promise<void>;
  /** Resolves once the connection is in this state again, after its first `seen` states. */
  becomes(state: LiveState, seen: number): Promise<void>;
  /** Resolves once a change with this position has come. */
  reached(position: string): Promise<void>;
  close(): void;
}

/** Follows a topic as a user, after a position or from now on, through every cut. */
export function follow(system: System, user: User, topic: string, after?: string): Following {
  const changes: Change[] = [];
  const states: LiveState[] = [];
  let snapshots = 0;
  const live = connectLive({
    url: system.url(),
    token: () => user.accessToken,
    retry: { first: 50, longest: 500 },
    onState: (state) => states.push(state),
  });
  const subscription = live.subscribe(topic, {
    ...(after === undefined ? {} : { after }),
    onChange: (change) => changes.push(change),
    onSnapshotNeeded: async () => {
      snapshots++;
      throw new Error('no snapshot expected');
    },
  });
  const until = (condition: () => boolean, what: string) => vi.waitFor(() => expect(condition(), what).toBe(true), { timeout: 30_000, interval: 10 });
  return {
    changes,
    states,
    snapshots: () => snapshots,
    joined: () => until(() => subscription.position() !== undefined && live.state() === 'live', `${topic} was not joined`),
    becomes: (state, seen) => until(() => states.slice(seen).includes(state), `${topic} did not become ${state}`),
    reached: (position) => until(() => (changes.at(-1)?.position ?? '') >= position, `${topic} did not reach ${position}`),
    close: () => live.close(),
  };
}
