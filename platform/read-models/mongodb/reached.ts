/** Waiting for a read model that another process may write: while somebody waits, its state is read again and again, once for all who wait. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ModelSpec, ModelState, ReadModels } from '../read-models.ts';
import { createWaiters } from '../waiters.ts';

export interface ReachedWaiting {
  reached: ReadModels['reached'];
  /** Tells the waiting of a state that this process has read or written. */
  tell(model: ModelSpec, state: ModelState | null): void;
  /** Ends all waiting: everybody hears false. */
  close(): void;
}

/** Milliseconds between two looks at a model's state. */
const LOOK = 25;

/** Opens the waiting. `stateOf` reads the state of the generation that queries read. */
export function createReached(stateOf: (model: ModelSpec) => Promise<ModelState | null>): ReachedWaiting {
  const waiters = createWaiters();
  const waiting = new Map<string, number>();
  /** The models whose state is looked at: once, also where the waiting go and others come between two looks. */
  const looking = new Set<string>();
  let closed = false;

  function tell(model: ModelSpec, state: ModelState | null): void {
    if (state) waiters.at(model.name, state.checkpoint.position);
  }

  /** Looks at a model's state until nobody waits. A look that fails tells nothing: the waiting hear false when their time is over. */
  async function look(model: ModelSpec): Promise<void> {
    if (looking.has(model.name)) return;
    looking.add(model.name);
    while (waiting.has(model.name)) {
      await delay(LOOK);
      tell(model, await stateOf(model).catch(() => null));
    }
    looking.delete(model.name);
  }

  /** Counts the waiting for a model, and begins to look for the first. */
  function count(model: ModelSpec, by: 1 | -1): void {
    const before = waiting.get(model.name) ?? 0;
    if (before + by === 0) waiting.delete(model.name);
    else waiting.set(model.name, before + by);
    if (before === 0) void look(model);
  }

  return {
    reached: async (model, position, timeout) => {
      const state = await stateOf(model).catch((error) => {
        if (closed) return undefined;
        throw error;
      });
      if (closed || state === undefined) return false;
      if (state && state.checkpoint.position >= position) return true;
      count(model, 1);
      return waiters.wait(model.name, position, timeout).finally(() => count(model, -1));
    },
    tell,
    close: () => {
      closed = true;
      waiters.close();
    },
  };
}
