/** Reads of `$all`, of everything in it or of the streams that are wanted alone. */
import type { AllStreamRecordedEvent, ReadPosition } from '@eventstore/db-client';
import { BUFFER, type CallSource, DIRECTIONS, EVERY, ofClient, pages } from './calls.ts';
import { isInvalidPosition, isRefusedFilter, unavailable } from './failures.ts';
import { eventIn, filteredRead } from './filtered-read.ts';

export interface Scan {
  direction: 'forwards' | 'backwards';
  /** The position where the read begins: forwards with the event at it, backwards with the event before it. */
  from: bigint | 'start' | 'end';
  /** Events asked for in one call; default: all in one. */
  chunk?: number;
  /** Beginnings of the names of the streams that are wanted; default: all streams. The server leaves out the others. */
  prefixes?: readonly string[];
}

type Filtered = Scan & Required<Pick<Scan, 'prefixes'>>;

/**
 * The events of `$all`, or those of the wanted streams. Errors: StoreUnavailable; the client's own for a position where no record begins
 * (`isInvalidPosition`).
 */
export async function* readAll(source: CallSource, scan: Scan): AsyncGenerator<AllStreamRecordedEvent[]> {
  const { direction, chunk = EVERY } = scan;
  const first = yield* readChunk(source, { ...scan, chunk });
  for (let last = first; last !== undefined; ) {
    const next = readChunk(source, { ...scan, from: last, chunk: direction === 'forwards' ? chunk + 1 : chunk });
    // Forwards a chunk begins with the event that was the last one of the chunk before.
    last = yield* direction === 'forwards' ? without(last, next) : next;
  }
}

async function* without(
  position: bigint,
  pages: AsyncGenerator<AllStreamRecordedEvent[], bigint | undefined>,
): AsyncGenerator<AllStreamRecordedEvent[], bigint | undefined> {
  for (let step = await pages.next(); ; step = await pages.next()) {
    if (step.done) return step.value;
    const rest = step.value.filter((event) => event.position.commit !== position);
    if (rest.length > 0) yield rest;
  }
}

/** Reads one chunk; returns the position of its last event where there may be more. */
async function* readChunk(source: CallSource, scan: Scan): AsyncGenerator<AllStreamRecordedEvent[], bigint | undefined> {
  const { chunk = EVERY } = scan;
  let [count, last] = [0, undefined as bigint | undefined];
  try {
    for await (const page of chunkPages(source, scan)) {
      count += page.length;
      last = page.at(-1)?.position.commit;
      yield page;
      // Having found them all, a server that filters would search on for one more.
      if (scan.prefixes && count >= chunk) break;
    }
  } catch (error) {
    throw isInvalidPosition(error) ? error : unavailable(error);
  }
  return count < chunk ? undefined : last;
}

/** The pages of a chunk, filtered by the server, or here where it does not do that. */
async function* chunkPages(source: CallSource, scan: Scan): AsyncGenerator<AllStreamRecordedEvent[]> {
  const { prefixes } = scan;
  if (!prefixes) return yield* whole(source, scan);
  const filtered = { ...scan, prefixes };
  if (source.filters?.refused === false) yield* searchedOrHere(source, filtered, source.filters);
  else yield* filteredHere(source, filtered);
}

async function* searchedOrHere(source: CallSource, scan: Filtered, filters: { refused: boolean }): AsyncGenerator<AllStreamRecordedEvent[]> {
  const refusal = yield* searchedUnlessRefused(source, scan);
  if (!refusal) return;
  // The same error says that no record begins at the position: then the read without a filter gives it, too.
  const refused = () => {
    if (!filters.refused)
      source.log.warn({ err: refusal }, 'the event store takes no filter on reads: what is not ours is read, too, and left out here');
    filters.refused = true;
  };
  for await (const page of filteredHere(source, scan)) {
    refused();
    yield page;
  }
  refused();
}

/** The pages of a read that the server filters; returns the error of one that takes no filter. */
async function* searchedUnlessRefused(source: CallSource, scan: Filtered): AsyncGenerator<AllStreamRecordedEvent[], unknown> {
  let begun = false;
  try {
    for await (const page of searched(source, scan)) {
      begun = true;
      yield page;
    }
    return undefined;
  } catch (error) {
    if (begun || !isRefusedFilter(error)) throw error;
    return error;
  }
}

async function* filteredHere(source: CallSource, { direction, from, prefixes }: Filtered): AsyncGenerator<AllStreamRecordedEvent[]> {
  for await (const page of whole(source, { direction, from })) {
    const wanted = page.filter(({ streamId }) => prefixes.some((prefix) => streamId.startsWith(prefix)));
    if (wanted.length > 0) yield wanted;
  }
}

async function* whole(source: CallSource, { direction, from, chunk = EVERY }: Scan): AsyncGenerator<AllStreamRecordedEvent[]> {
  const fromPosition: ReadPosition = typeof from === 'bigint' ? { commit: from, prepare: from } : from;
  const asked = { direction: DIRECTIONS[direction], fromPosition, maxCount: chunk, requiresLeader: true };
  yield* pages(source, { open: () => source.connection().client.readAll(asked, BUFFER), eventOf: ofClient<AllStreamRecordedEvent> });
}

async function* searched(source: CallSource, scan: Filtered): AsyncGenerator<AllStreamRecordedEvent[]> {
  yield* pages(source, {
    eventOf: eventIn,
    open: () => filteredRead(source.connection(), { ...scan, chunk: scan.chunk ?? EVERY }),
    // What is found is given at once: the next one may be far.
    full: false,
    isAlive: async () => {
      for await (const _ of whole(source, { direction: 'backwards', from: 'end', chunk: 1 })) return;
    },
  });
}
