/**
 * The event store's port: the only truth. Implementations: sqlite/ (embedded), eventstoredb/.
 *
 *     const store = await openEventStore('sqlite:', { dataDir, log });
 *     const { revision } = await store.append('task-42', NO_STREAM, [created, assigned]);
 *     for await (const page of store.readStream('task-42')) state = page.reduce(evolve, state);
 *
 * Two logs share one interface: forwardable events, in one global order, and our own bookkeeping
 * (streams whose name begins with `_`: checkpoints, reservations, snapshots), which no follower sees.
 */
import type { NewEvent, Position, RecordedEvent } from '../../contracts/message.ts';
import { Unavailable, unavailableIn } from '../absences/unavailable.ts';

export interface Appended {
  /** Revision of the last event appended. */
  revision: number;
  /** Position of the last event appended; START for a bookkeeping stream of a store that gives it none. */
  position: Position;
}

export interface AppendOptions {
  /** Events that the stream keeps, the last ones, at least 1; only for bookkeeping streams. Default: all. */
  keep?: number;
  /**
   * True where up to a hundred more may be kept for a while, as of a checkpoint that is written all the time: a store in which trimming a stream is an
   * append of its own does it seldom then.
   */
  seldom?: boolean;
  /**
   * For moving a log: the times at which the events were recorded first, one for each, as `RecordedEvent.time` has them. Default: now.
   * (A store that gives its own times keeps these beside the event, and its reads answer these.)
   */
  times?: readonly string[];
}

export interface ReadStream {
  direction?: 'forwards' | 'backwards';
  /** First revision read, inclusive; default: the stream's first (forwards) or last (backwards). */
  from?: number;
  limit?: number;
  /**
   * True to be told by StreamGone where there are no events because an operator deleted or truncated the stream; without it such a read gives none.
   * (A stream that was deleted softly cannot be told from one that never was, but by a read that goes on from a revision.)
   */
  tellGone?: boolean;
}

export interface ReadAll {
  direction?: 'forwards' | 'backwards';
  /** First position read, inclusive; it need not exist. Default: the log's first (forwards) or last (backwards). */
  from?: Position;
  limit?: number;
  /** Events a page holds at most; default 1,000. */
  page?: number;
  /**
   * True where the caller looks at the data or metadata of few events: the store may parse them only when they are looked at. Such an event must
   * not be copied by spreading it, and may lack our metadata (`hasOurMetadata` of contracts/ours.ts). (Forwards only; a store may ignore it.)
   */
  lean?: boolean;
  /** With `lean`: the types of events whose data is looked at. The personal fields of others may stay sealed (platform/sealing/). Default: none. */
  types?: ReadonlySet<string>;
  /** The log that is read; default `events`. `bookkeeping` is for moving a store elsewhere. */
  log?: 'events' | 'bookkeeping';
  /** True to be given what is not ours, too (contracts/ours.ts): a checkpoint that an older release moved may be at such an event. */
  foreign?: boolean;
}

export interface SubscriptionOptions {
  /** The position after which events are wanted, exclusive; default: all events. */
  after?: Position;
  /** Ends the subscription: the iteration finishes without an error. */
  signal: AbortSignal;
}

/**
 * Pages are non-empty arrays in the order asked for. An iteration reads on only when asked for the next page:
 * a slow reader holds up nobody and no buffer grows.
 */
export interface EventStore {
  /**
   * Adds events to a stream, all or none, and answers once they are durable.
   * `expectedRevision` is the revision of the stream's last event, NO_STREAM if the stream must not exist.
   * An append that repeats the ids of events at the same expected revision is answered as the first time.
   * A stream that an operator deleted softly takes an append that expects none, and goes on behind its last revision.
   * Errors: WrongExpectedRevision, AppendUnknown, StoreOverloaded, StoreUnavailable, StoreDamaged, StreamGone.
   */
  append(stream: string, expectedRevision: number, events: readonly NewEvent[], options?: AppendOptions): Promise<Appended>;

  /** The events of a stream; none for a stream that does not exist. Errors: StoreUnavailable, StoreDamaged; StreamGone where that is asked for. */
  readStream(stream: string, options?: ReadStream): AsyncIterable<RecordedEvent[]>;

  /** The events of a log as it is now, in position order. Errors: StoreUnavailable, StoreDamaged. */
  readAll(options?: ReadAll): AsyncIterable<RecordedEvent[]>;

  /**
   * All forwardable events after a position: first those there are, then each as it comes.
   * Resumes by itself after a lost connection. Errors: StoreDamaged.
   */
  subscribe(options: SubscriptionOptions): AsyncIterable<RecordedEvent[]>;

  /** Position of the last event that is ours; START when there is none. */
  head(): Promise<Position>;

  /** Finishes the appends that were accepted, then closes the file or the connection. */
  close(): Promise<void>;
}

/** The stream is not at the revision that the append expected: another writer was faster, or the caller is mistaken. */
export class WrongExpectedRevision extends Error {
  override readonly name = 'WrongExpectedRevision';
  readonly stream: string;
  readonly expected: number;
  /** The stream's actual last revision, NO_STREAM if there is none. */
  readonly actual: number;
  constructor(stream: string, expected: number, actual: number) {
    super(`${stream} is at revision ${actual}, not ${expected}`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The name of the event store where its absences are told. */
export const EVENT_STORE = 'the event store';

/** The connection was lost during the append, which may be durable or not. Repeat it with the same ids at the same revision. */
export class AppendUnknown extends Unavailable {
  override readonly name = 'AppendUnknown';
  readonly dependency = EVENT_STORE;
  readonly answer = 'It is unknown whether this was recorded. Repeat it with the same Idempotency-Key.';
}

/** More appends are waiting than the store's bounded queue takes; nothing was recorded. */
export class StoreOverloaded extends Unavailable {
  override readonly name = 'StoreOverloaded';
  readonly dependency = EVENT_STORE;
  readonly answer = 'Too much to record right now; nothing of this was. Try again.';
}

/** The store cannot be reached or was closed; nothing was recorded. */
export class StoreUnavailable extends Unavailable {
  override readonly name = 'StoreUnavailable';
  readonly dependency = EVENT_STORE;
  readonly answer = 'The event store cannot be reached; nothing was recorded. Try again.';
  override readonly retryAfter = 2;
}

/** The store refuses this installation a stream, as by its access rules; the others may be well. */
export class StreamRefused extends StoreUnavailable {}

/** True for an error that a stream has by itself, of whatever kind; false where what all streams need is away. */
export function isOfOneStream(error: unknown): boolean {
  const away = unavailableIn(error);
  return away === undefined || away instanceof StreamRefused;
}

/** The stored data is not what was written. The message names the place and what to do. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}

/**
 * An operator of the event store took a stream away. `tombstone`: deleted for good, nothing can be appended to it any more; `missing`: deleted softly, where a
 * reader knows that it was there; `hidden`: it is there, and all of its events are truncated.
 */
export class StreamGone extends Error {
  override readonly name = 'StreamGone';
  readonly stream: string;
  readonly how: 'tombstone' | 'missing' | 'hidden';
  constructor(stream: string, how: StreamGone['how']) {
    super(`${stream} was ${how === 'hidden' ? 'truncated' : 'deleted'} by an operator of the event store`);
    this.stream = stream;
    this.how = how;
  }
}
