/** Publishing with two batches in flight: while the broker confirms the one, the other is on its way. Confirms count in order. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { BusUnavailable, type Publisher } from '../../platform/event-bus/event-bus.ts';
import { chained, type ForwarderCheckpoint } from './checkpoint.ts';

export interface Publishing {
  /** Sends a batch; resolves once the batch before is confirmed, or `signal` aborts. */
  publish(events: readonly RecordedEvent[]): Promise<void>;
  /** Resolves when all batches are confirmed. Rejects when one was not. */
  settled(): Promise<void>;
  /** Ends the publishing: later confirms move the checkpoint no more. */
  end(): void;
}

export interface PublishingOptions {
  from: ForwarderCheckpoint;
  signal: AbortSignal;
  /** Called when everything up to this checkpoint was confirmed. Throws when the checkpoint cannot be saved. */
  moved(checkpoint: ForwarderCheckpoint): void;
  failed(error: unknown): void;
}

export function publishing(publisher: Publisher, { from, signal, moved, failed }: PublishingOptions): Publishing {
  let at = from;
  let ended = false;
  let confirmed: Promise<unknown> = Promise.resolve();

  async function sendAfter(before: Promise<unknown>, events: readonly RecordedEvent[]): Promise<void> {
    const { messages, end } = chained(events, at);
    at = end;
    await Promise.all([before, publisher.publish(messages)]);
    if (publisher.lost.aborted) throw new BusUnavailable('the hold on the bus was lost');
    if (!ended) moved(end);
  }

  return {
    publish: async (events) => {
      const before = confirmed;
      confirmed = sendAfter(before, events);
      confirmed.catch(failed);
      await orAborted(before, signal);
    },
    settled: async () => {
      await confirmed;
    },
    end: () => {
      ended = true;
    },
  };
}

/** The same items, in lists of at most `size`. */
export async function* inParts<T>(pages: AsyncIterable<readonly T[]>, size: number): AsyncGenerator<readonly T[]> {
  for await (const page of pages) {
    if (page.length <= size) yield page;
    else for (let from = 0; from < page.length; from += size) yield page.slice(from, from + size);
  }
}
