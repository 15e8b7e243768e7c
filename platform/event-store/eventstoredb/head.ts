/** The position of the last forwardable event, exact and for one small read. */
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { type Position, START } from '../../../contracts/message.ts';
import { type CallSource, readAll } from './calls.ts';
import { logOf, toPosition } from './records.ts';

/** The log as far as it is known: the position of its last event of whatever kind, and of its last forwardable one. */
interface Known {
  end: bigint;
  head: Position;
}

/** Events read backwards in a first look, and in those after it: the last event is mostly forwardable, or close to one that is. */
const CHUNK = 4;
const LARGER_CHUNK = 500;

/**
 * Makes `EventStore.head`. Each call costs one read of the last four events; it reads further back only where none of them is forwardable, nor
 * known from the call before. Calls that come while one is being answered share the next one: an answer is never older than its question.
 */
export function openHead(source: CallSource): () => Promise<Position> {
  let known: Known | undefined;
  let running: Promise<Position> | undefined;
  let next: Promise<Position> | undefined;

  async function read(): Promise<Position> {
    try {
      known = (await latest(source, known, CHUNK)) ?? (await latest(source, known, LARGER_CHUNK)) ?? { end: 0n, head: START };
      return known.head;
    } catch (error) {
      // The log may have been restored from a backup meanwhile.
      known = undefined;
      throw error;
    }
  }

  function start(): Promise<Position> {
    running = read().finally(() => {
      running = undefined;
    });
    return running;
  }

  return () => {
    if (!running) return start();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}

/** Reads backwards to a forwardable event, or to the known end; null where a first small chunk did not suffice. */
async function latest(source: CallSource, known: Known | undefined, chunk: number): Promise<Known | null> {
  let newest: bigint | undefined;
  for await (const page of readAll(source, { direction: 'backwards', from: 'end', chunk })) {
    newest ??= page[0]?.position.commit ?? 0n;
    const head = headIn(page, stillThere(known, newest));
    if (head !== undefined) return { end: newest, head };
    if (chunk === CHUNK) return null;
  }
  return newest === undefined ? null : { end: newest, head: START };
}

/** The knowledge of the log, unless the log is shorter than it was: then it is another log. */
function stillThere(known: Known | undefined, newest: bigint): Known | undefined {
  return known && newest >= known.end ? known : undefined;
}

function headIn(page: readonly AllStreamRecordedEvent[], known: Known | undefined): Position | undefined {
  for (const { streamId, position } of page) {
    if (known && position.commit <= known.end) return known.head;
    if (logOf(streamId) === 'events') return toPosition(position.commit);
  }
  return undefined;
}
