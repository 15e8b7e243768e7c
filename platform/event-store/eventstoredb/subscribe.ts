/** Subscriptions: one call of the client after another, each from where the one before ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AllStreamResolvedEvent, type Position as ClientPosition, START as FIRST, streamNameFilter } from '@eventstore/db-client';
import { type Position, type RecordedEvent, START } from '../../../contracts/message.ts';
import { StoreUnavailable, type Subscribe } from '../event-store.ts';
import type { Source } from './calls.ts';
import { isInvalidPosition, messageOf } from './failures.ts';
import { type Call, pull } from './pull.ts';
import { readLog } from './reads.ts';
import { fromClient, fromPosition, logOf, toPosition } from './records.ts';

export interface Subscribing extends Source {
  /** Aborts when the store is closed. */
  closing: AbortSignal;
  head(): Promise<Position>;
}

/** Neither the server's own streams nor our bookkeeping. The server honours a filter on subscriptions. */
const FORWARDABLE = '^[^$_]';
/** Events, times 32, that the server goes through between two checkpoints. */
const CHECKPOINT_INTERVAL = 32;
const PAGE = 1_000;
const BUFFER = { highWaterMark: 32 };
const [SHORTEST, LONGEST] = [100, 5_000];

/**
 * Everything after a position, until the signal aborts or the store is closed: whether a call fails, ends or goes silent, the next one goes on from
 * the last event given to the reader. The reader pulls: a slow one holds the server back, and at most BUFFER events are ready for it.
 */
export async function* subscribe({ after = START, signal }: Subscribe, source: Subscribing): AsyncGenerator<RecordedEvent[]> {
  const ending = AbortSignal.any([signal, source.closing]);
  // What this store never made is beyond its end.
  if (after !== START && fromPosition(after) === undefined) return void (await aborted(ending));
  const place = { last: after, resume: after };
  const pause = pausing(place, source.log);
  while (!ending.aborted) {
    const why = yield* untilItEnds(place, ending, source);
    if (!ending.aborted) await pause(why, ending);
  }
}

/** A pause between two calls, longer each time that the last one gave nothing. Each reason is told once. */
function pausing(place: Place, log: Source['log']) {
  let [wait, last, told] = [SHORTEST, place.last, ''];
  return async (why: string, ending: AbortSignal): Promise<void> => {
    if (why !== told) log.info({ reason: why, after: place.last }, `a subscription to the event store was interrupted, and goes on: ${why}`);
    wait = place.last === last ? Math.min(wait * 2, LONGEST) : SHORTEST;
    [last, told] = [place.last, why];
    await delay(wait, undefined, { signal: ending }).catch(() => {});
  };
}

/** Where a subscription is: the last event given to the reader, and a position at or after it up to which the server found nothing else. */
interface Place {
  last: Position;
  resume: Position;
}

/** One call, until it ends in whatever way; returns why. */
async function* untilItEnds(place: Place, ending: AbortSignal, source: Subscribing): AsyncGenerator<RecordedEvent[], string> {
  try {
    yield* given(follow(place, ending, source), place);
    return 'it ended';
  } catch (error) {
    if (!isInvalidPosition(error)) return messageOf(error);
  }
  // Nothing begins at that position (it is of before a restore): what comes after it is read, and from there, or else from the end, it is followed.
  try {
    place.resume = await source.head();
    yield* given(readLog(source, { from: place.last }), place);
    return 'its position was not in the log';
  } catch (error) {
    return messageOf(error);
  }
}

/** Pages on their way to the reader, without what it has seen. */
async function* given(pages: AsyncIterable<RecordedEvent[]>, place: Place): AsyncGenerator<RecordedEvent[]> {
  for await (const page of pages) {
    const fresh = page.filter(({ position, stream }) => position > place.last && logOf(stream) === 'events');
    if (fresh.length === 0) continue;
    yield fresh;
    place.last = fresh.at(-1)?.position ?? place.last;
    place.resume = place.last;
  }
}

async function* follow(place: Place, ending: AbortSignal, source: Subscribing): AsyncGenerator<RecordedEvent[]> {
  let checkpoint = place.resume;
  const reached = (_: unknown, { commit }: ClientPosition) => {
    checkpoint = toPosition(commit);
  };
  const commit = fromPosition(place.resume);
  const renew = source.connection().renewal();
  const call: Call = source.connection().client.subscribeToAll(
    {
      fromPosition: commit === undefined ? FIRST : { commit, prepare: commit },
      filter: streamNameFilter({ regex: FORWARDABLE, checkpointInterval: CHECKPOINT_INTERVAL, checkpointReached: reached }),
      requiresLeader: true,
    },
    BUFFER,
  );
  const end = () => call.destroy();
  ending.addEventListener('abort', end);
  const silent = watchdog(place, source, (why) => {
    call.destroy(why);
    renew();
  });
  // All that came before the checkpoint was given when there is nothing more to give.
  const idle = () => {
    if (checkpoint > place.resume) place.resume = checkpoint;
  };
  try {
    for await (const page of pull<AllStreamResolvedEvent>(call, { page: PAGE, full: false, silent, patience: source.patience / 2, idle }))
      yield page
        .map(({ event }) => event)
        .filter((event) => event !== undefined)
        .map(fromClient);
  } finally {
    ending.removeEventListener('abort', end);
  }
}

/**
 * A connection that is cut without a word, or a server that forgot the subscription: asked in silence, the log's head tells. What is beyond the
 * last event given, and was not given in one more while, will not come.
 */
function watchdog(place: Place, source: Subscribing, bark: (why: StoreUnavailable) => void): () => void {
  let due: Position | undefined;
  return () => {
    if (due !== undefined && due > place.last) return bark(new StoreUnavailable('it was silent while the log went on'));
    source.head().then(
      (head) => {
        due = head;
      },
      (error: unknown) => bark(new StoreUnavailable(`it was silent, and ${messageOf(error)}`)),
    );
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
