/** A window: a bounded number of messages on their way at once. */

export interface ConfirmWindow {
  /** Resolves when there is room, or the signal has aborted. */
  room(): Promise<void>;
  taken(): void;
  freed(): void;
}

export function openConfirmWindow(size: number, signal: AbortSignal): ConfirmWindow {
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
