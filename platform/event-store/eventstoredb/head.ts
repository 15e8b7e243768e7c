/** The position of the last forwardable event, exact and for one small read. */
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { type Position, START } from '../../../contracts/message.ts';
import { readAll, type Source } from './calls.ts';
import { logOf, toPosition } from './records.ts';

/** How far the log is known: its last event then, of whatever kind, and the last forwardable one. */
interface Known {
  end: bigint;
  head: Position;
}

/** The last event is mostly a forwardable one, or is soon followed by one. */
const CHUNK = 4;
const LARGER_CHUNK = 500;

/**
 * Each call costs one read of the last four events; only where none of these is forwardable, nor known from the call before, it reads on towards
 * that. Calls that come while one is being answered share the next one: an answer is never older than its question.
 */
export function openHead(source: Source): () => Promise<Position> {
  let known: Known | undefined;
  let running: Promise<Position> | undefined;
  let next: Promise<Position> | undefined;

  async function read(): Promise<Position> {
    try {
      known = (await latest(source, known, CHUNK)) ?? (await latest(source, known, LARGER_CHUNK)) ?? { end: 0n, head: START };
      return known.head;
    } catch (error) {
      // Who knows what was restored meanwhile.
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

/** Reads back to a forwardable event, or to what is known; null where a first small chunk did not suffice. */
async function latest(source: Source, known: Known | undefined, chunk: number): Promise<Known | null> {
  let newest: bigint | undefined;
  for await (const page of readAll(source, { direction: 'backwards', from: 'end', chunk })) {
    newest ??= page[0]?.position.commit ?? 0n;
    const head = headIn(page, stillThere(known, newest));
    if (head !== undefined) return { end: newest, head };
    if (chunk === CHUNK) return null;
  }
  return newest === undefined ? null : { end: newest, head: START };
}

/** A log that is shorter than it was is another log. */
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
