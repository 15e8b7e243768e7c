/** Deliveries of one channel that wait to be asked for. */
import type { ConsumeMessage } from 'amqplib';

export interface Inbox {
  put(message: ConsumeMessage): void;
  /** The next ones, at most `max`, as soon as there are any; undefined when the signal has aborted: what is left goes back to the queue with its channel. */
  take(max: number): Promise<ConsumeMessage[] | undefined>;
}

/** Bounded by the channel's prefetch. */
export function openInbox(signal: AbortSignal): Inbox {
  let waiting: ConsumeMessage[] = [];
  let wake = () => {};
  signal.addEventListener('abort', () => wake(), { once: true });
  return {
    put: (message) => {
      waiting.push(message);
      wake();
    },
    take: async (max) => {
      while (waiting.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal.aborted) return undefined;
      const taken = waiting.slice(0, max);
      waiting = waiting.slice(max);
      return taken;
    },
  };
}
