/** The inbox of one channel: its deliveries, until they are asked for. */
import type { ConsumeMessage } from 'amqplib';

export interface ChannelInbox {
  put(message: ConsumeMessage): void;
  /**
   * The next deliveries, at most `max`, as soon as there are any; undefined when the signal has aborted: the rest goes back to the queue with its
   * channel.
   */
  take(max: number): Promise<ConsumeMessage[] | undefined>;
}

/** Opens an empty inbox. It needs no bound of its own: the channel's prefetch is one. */
export function openInbox(signal: AbortSignal): ChannelInbox {
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
