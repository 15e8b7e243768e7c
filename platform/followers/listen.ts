/** The batches of the bus as they come, and silence between them, for a follower. */
import type { BusMessage } from '../event-bus/event-bus.ts';

/** A batch of messages, or 'silence' where none came in time. */
export type Heard = BusMessage[] | 'silence';

/** Listens to batches; says 'silence' after `silence` ms without one. Ends and rejects as `messages` does, and ends when the signal aborts. */
export async function* listen(messages: AsyncIterable<BusMessage[]>, silence: number, signal: AbortSignal): AsyncGenerator<Heard> {
  const iterator = messages[Symbol.asyncIterator]();
  let arrived: (() => BusMessage[] | undefined) | undefined;
  let wake = () => {};

  /** Asks for the next batch once: hours of silence add no further reactions to its promise. */
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
