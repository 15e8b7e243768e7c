/** Who waits for a read model that another process may write: its state is read again and again, once for all who wait, while somebody does. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ModelSpec, ModelState, ReadModels } from '../read-models.ts';
import { createWaiters } from '../waiters.ts';

export interface Reached {
  reached: ReadModels['reached'];
  /** This process knows where the generation is that queries read. */
  tell(model: ModelSpec, state: ModelState | null): void;
  /** Everybody hears false. */
  close(): void;
}

/** Milliseconds between two looks. */
const LOOK = 25;

/** `stateOf` reads the state of the generation that queries read. */
export function createReached(stateOf: (model: ModelSpec) => Promise<ModelState | null>): Reached {
  const waiters = createWaiters();
  const waiting = new Map<string, number>();
  let closed = false;

  function tell(model: ModelSpec, state: ModelState | null): void {
    if (state) waiters.at(model.name, state.checkpoint.position);
  }

  /** Looks until nobody waits. A look that fails is no answer: who waits hears false when its time is over. */
  async function look(model: ModelSpec): Promise<void> {
    while (waiting.has(model.name)) {
      await delay(LOOK);
      tell(model, await stateOf(model).catch(() => null));
    }
  }

  /** One more, or one less, waits. */
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
