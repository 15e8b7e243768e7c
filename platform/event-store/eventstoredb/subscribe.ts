/** Subscriptions: one call of the client after another, each from the place where the one before ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AllStreamResolvedEvent, type Position as ClientPosition, START as FIRST, streamNameFilter } from '@eventstore/db-client';
import { type Position, type RecordedEvent, START } from '../../../contracts/message.ts';
import { absencesIn } from '../../absences/absences.ts';
import { StoreUnavailable, type SubscriptionOptions } from '../event-store.ts';
import type { CallSource } from './calls.ts';
import { isInvalidPosition, messageOf, unavailable } from './failures.ts';
import { type Call, pull } from './pull.ts';
import { readLog } from './reads.ts';
import { fromClient, fromPosition, logOf, toPosition } from './records.ts';

export interface Subscribing extends CallSource {
  /** Aborts when the store is closed. */
  closing: AbortSignal;
  head(): Promise<Position>;
}

/** The server's filter on a subscription: neither its own streams nor our bookkeeping, but the metadata of others, which say that one was deleted. */
const FORWARDABLE = '^([$][$])?[^$_]';
/** Events that the server goes through between two checkpoints, divided by 32. */
const CHECKPOINT_INTERVAL = 32;
const PAGE = 1_000;
const BUFFER = { highWaterMark: 32 };
const [SHORTEST, LONGEST] = [100, 5_000];

/**
 * All forwardable events after a position, until the signal aborts or the store is closed. Where a call fails, ends or is silent, the next one
 * goes on from the last event given to the reader. The reader pulls: a slow one holds the server back, and at most BUFFER events are ready for it.
 */
export async function* subscribe({ after = START, signal }: SubscriptionOptions, source: Subscribing): AsyncGenerator<RecordedEvent[]> {
  const ending = AbortSignal.any([signal, source.closing]);
  // A position that this store never made is beyond its end.
  if (after !== START && fromPosition(after) === undefined) return void (await aborted(ending));
  const place = { last: after, resume: after };
  const pause = pausing(place, source.log);
  while (!ending.aborted) {
    const why = yield* untilItEnds(place, ending, source);
    if (!ending.aborted) await pause(why, ending);
  }
}

/**
 * Makes the pause between two calls, longer each time that the call before gave nothing. Equal reasons in a row are logged once; undefined is the
 * absence of the server, which is told elsewhere.
 */
function pausing(place: Place, log: CallSource['log']) {
  let [wait, last, told] = [SHORTEST, place.last, ''];
  return async (why: string | undefined, ending: AbortSignal): Promise<void> => {
    if (why !== undefined && why !== told)
      log.info({ reason: why, after: place.last }, `a subscription to the event store was interrupted, and goes on: ${why}`);
    wait = place.last === last ? Math.min(wait * 2, LONGEST) : SHORTEST;
    [last, told] = [place.last, why ?? told];
    await delay(wait, undefined, { signal: ending }).catch(() => {});
  };
}

/** The place of a subscription: the last event given to the reader, and a position at or after it up to which the server found no other. */
interface Place {
  last: Position;
  resume: Position;
}

/** The events of one call, until it ends in whatever way; returns the reason, undefined where the server is away. */
async function* untilItEnds(place: Place, ending: AbortSignal, source: Subscribing): AsyncGenerator<RecordedEvent[], string | undefined> {
  try {
    yield* given(follow(place, ending, source), place);
    return 'it ended';
  } catch (error) {
    if (!isInvalidPosition(error)) return void absencesIn(source.log).failed(unavailable(error));
  }
  // No record begins at the position (it is of before a restore): the events after it are read, and the next call follows from the head.
  try {
    place.resume = await source.head();
    yield* given(readLog(source, { from: place.last }), place);
    return 'its position was not in the log';
  } catch (error) {
    return void absencesIn(source.log).failed(unavailable(error));
  }
}

/** The pages for the reader, without events that it has seen. */
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
  // When nothing more is ready, the reader has been given all events before the checkpoint.
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
 * Makes the check for a connection that was cut without a word, or a server that forgot the subscription. In silence it asks for the log's head:
 * an event beyond the last one given that is not given by the next time either will not come.
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
