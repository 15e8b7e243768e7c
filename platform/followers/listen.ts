/** What a follower hears: the bus's batches as they come, and silence. */
import type { BusMessage } from '../event-bus/event-bus.ts';

/** A batch, or 'silence' where none came in time. */
export type Heard = BusMessage[] | 'silence';

/** Ends and rejects as the bus does, and ends when the signal aborts. `silence` in milliseconds. */
export async function* listen(messages: AsyncIterable<BusMessage[]>, silence: number, signal: AbortSignal): AsyncGenerator<Heard> {
  const iterator = messages[Symbol.asyncIterator]();
  let arrived: (() => BusMessage[] | undefined) | undefined;
  let wake = () => {};

  /** Asks once; a silent night adds no further reactions to the promise that waits. */
  function ask(): void {
    const arrive = (outcome: typeof arrived) => {
      arrived = outcome;
      wake();
    };
    const failed = (error: unknown) => {
      throw error;
    };
    iterator.next().then(
      (step) => arrive(() => (step.done ? undefined : step.value)),
      (error: unknown) => arrive(() => failed(error)),
    );
  }

  function arrival(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, silence);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function next(): Promise<Heard | undefined> {
    if (!arrived && !signal.aborted) await arrival();
    if (!arrived) return 'silence';
    const outcome = arrived();
    arrived = undefined;
    return outcome;
  }

  const abort = () => wake();
  signal.addEventListener('abort', abort);
  try {
    ask();
    for (let heard = await next(); heard && !signal.aborted; heard = await next()) {
      yield heard;
      if (heard !== 'silence') ask();
    }
  } finally {
    signal.removeEventListener('abort', abort);
    iterator.return?.(undefined)?.catch(() => {});
  }
}
