/** Reading calls of the client, page by page: of one stream, and of $all with everything in it. */
import {
  type AllStreamRecordedEvent,
  BACKWARDS,
  END,
  FORWARDS,
  type ReadPosition,
  type ReadRevision,
  START,
  type RecordedEvent as StreamRecordedEvent,
} from '@eventstore/db-client';
import { type ReadStream, StoreUnavailable, StreamGone } from '../event-store.ts';
import type { StoreConnection } from './connection.ts';
import { goneBy, isInvalidPosition, isNoStream, unavailable } from './failures.ts';
import { type Call, pull } from './pull.ts';

export interface CallSource {
  /** Error: StoreUnavailable once the store is closed. */
  connection(): StoreConnection;
  /** Milliseconds that a silent server is waited for. */
  patience: number;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

export interface Scan {
  direction: 'forwards' | 'backwards';
  /** The position where the read begins: forwards with the event at it, backwards with the event before it. */
  from: bigint | 'start' | 'end';
  /** Events asked for in one call; default: all in one. */
  chunk?: number;
}

const PAGE = 1_000;
const EVERY = Number.MAX_SAFE_INTEGER;
/** Events that the client holds ready at most. */
const BUFFER = { highWaterMark: 32 };
const DIRECTIONS = { forwards: FORWARDS, backwards: BACKWARDS } as const;

/** The events of a stream; none where there is no such stream. Errors: StoreUnavailable; StreamGone where that is asked for. */
export async function* readStream(source: CallSource, name: string, options: ReadStream): AsyncGenerator<StreamRecordedEvent[]> {
  const { direction = 'forwards', from, limit = EVERY } = options;
  if (limit <= 0 || (direction === 'backwards' && from !== undefined && from < 0)) return;
  const first: ReadRevision = direction === 'forwards' ? START : END;
  const fromRevision = from === undefined ? first : BigInt(Math.max(from, 0));
  const asked = { direction: DIRECTIONS[direction], fromRevision, maxCount: limit, requiresLeader: true };
  const shown = pages<StreamRecordedEvent>(source, () => source.connection().client.readStream(name, asked, BUFFER));
  yield* options.tellGone ? tellingGone(name, from, shown) : silentOfGone(shown);
}

type StreamPages = AsyncGenerator<StreamRecordedEvent[]>;

async function* silentOfGone(shown: StreamPages): StreamPages {
  try {
    yield* shown;
  } catch (error) {
    if (!isNoStream(error)) throw unavailable(error);
  }
}

async function* tellingGone(name: string, from: number | undefined, shown: StreamPages): StreamPages {
  let isEmpty = from === undefined;
  try {
    for await (const page of shown) {
      isEmpty = false;
      yield page;
    }
  } catch (error) {
    if (!isNoStream(error)) throw unavailable(error);
    const how = goneBy(error, from);
    if (how) throw new StreamGone(name, how);
    return;
  }
  // A server that knows the stream shows nothing of it.
  if (isEmpty) throw new StreamGone(name, 'hidden');
}

/** All events of `$all`. Errors: StoreUnavailable; the client's own for a position where no record begins (`isInvalidPosition`). */
export async function* readAll(source: CallSource, { direction, from, chunk = EVERY }: Scan): AsyncGenerator<AllStreamRecordedEvent[]> {
  let last = yield* readChunk(source, { direction, from, chunk });
  // Forwards a chunk begins with the event that was the last one of the chunk before.
  while (last !== undefined) last = yield* readChunk(source, { direction, from: last, chunk: chunk + 1 });
}

/** Reads one chunk; returns the position of its last event where there may be more. */
async function* readChunk(
  source: CallSource,
  { direction, from, chunk = EVERY }: Scan,
): AsyncGenerator<AllStreamRecordedEvent[], bigint | undefined> {
  const fromPosition: ReadPosition = typeof from === 'bigint' ? { commit: from, prepare: from } : from;
  const asked = { direction: DIRECTIONS[direction], fromPosition, maxCount: chunk, requiresLeader: true };
  let [count, last] = [0, undefined as bigint | undefined];
  try {
    for await (const page of pages<AllStreamRecordedEvent>(source, () => source.connection().client.readAll(asked, BUFFER))) {
      count += page.length;
      last = page.at(-1)?.position.commit;
      yield page;
    }
  } catch (error) {
    throw isInvalidPosition(error) ? error : unavailable(error);
  }
  return count < chunk ? undefined : last;
}

/** The pages of one call. A read that ends early because the store is closed is an error. Errors: StoreUnavailable, the client's own. */
async function* pages<E>(source: CallSource, open: () => Call): AsyncGenerator<E[]> {
  const renew = source.connection().renewal();
  const call = open();
  const silent = () => {
    call.destroy(new StoreUnavailable(`The event store was silent for ${source.patience} ms.`));
    renew();
  };
  for await (const page of pull<{ event?: E }>(call, { page: PAGE, full: true, silent, patience: source.patience })) {
    const events = page.map(({ event }) => event).filter((event) => event !== undefined);
    if (events.length > 0) yield events;
    source.connection();
  }
  source.connection();
}
