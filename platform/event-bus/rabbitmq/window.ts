/** A window: a bounded number of messages on their way at once. */

export interface Window {
  /** Resolves when there is room, or the signal has aborted. */
  room(): Promise<void>;
  taken(): void;
  freed(): void;
}

export function openWindow(size: number, signal: AbortSignal): Window {
  let used = 0;
  let wake = () => {};
  signal.addEventListener('abort', () => wake(), { once: true });
  return {
    room: async () => {
      while (used >= size && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    taken: () => {
      used++;
    },
    freed: () => {
      used--;
      wake();
    },
  };
}
