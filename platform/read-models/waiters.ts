/** Waiting for a read model to reach a position, of which this process's own writes tell. */
import type { Position } from '../../contracts/message.ts';

interface Waiter {
  position: Position;
  settle(reached: boolean): void;
}

export interface Waiters {
  /** Resolves true when the model is told to be at or past `position`, false after `timeout` ms. */
  wait(model: string, position: Position, timeout: number): Promise<boolean>;
  /** Tells that the model is at this position. */
  at(model: string, position: Position): void;
  /** Ends all waiting: everybody hears false. */
  close(): void;
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, Set<Waiter>>();

  return {
    wait: (model, position, timeout) =>
      new Promise((resolve) => {
        const waiters = waiting.get(model) ?? new Set();
        waiting.set(model, waiters);
        const waiter: Waiter = {
          position,
          settle: (reached) => {
            clearTimeout(timer);
            waiters.delete(waiter);
            resolve(reached);
          },
        };
        const timer = setTimeout(waiter.settle, timeout, false);
        waiters.add(waiter);
      }),
    at: (model, position) => {
      for (const waiter of waiting.get(model) ?? []) if (waiter.position <= position) waiter.settle(true);
    },
    close: () => {
      for (const waiters of waiting.values()) for (const waiter of waiters) waiter.settle(false);
    },
  };
}
