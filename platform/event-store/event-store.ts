/**
 * The event store's port: the only truth. Implementations: sqlite/ (embedded), eventstoredb/.
 *
 * Two logs share one interface: forwardable events, in one global order, and our own bookkeeping
 * (streams whose name begins with `_`: checkpoints, reservations, snapshots), which no follower sees.
 */
import type { NewEvent, Position, RecordedEvent } from '../../contracts/message.ts';

export interface Appended {
  /** Revision of the last event appended. */
  revision: number;
  /** Position of the last event appended; START for a bookkeeping stream of a store that gives it none. */
  position: Position;
}

export interface AppendOptions {
  /** Keep only the stream's last `keep` events (bookkeeping streams only, at least 1). */
  keep?: number;
  /**
   * For moving a log: when the events were taken, as `RecordedEvent.time` has it, one for each. Default: now.
   * (A store that gives its own times keeps these beside the event, and its reads give these.)
   */
  times?: readonly string[];
}

export interface ReadStream {
  direction?: 'forwards' | 'backwards';
  /** First revision read, inclusive; default: the stream's first (forwards) or last (backwards). */
  from?: number;
  limit?: number;
}

export interface ReadAll {
  direction?: 'forwards' | 'backwards';
  /** First position read, inclusive; it need not exist. Default: the log's first (forwards) or last (backwards). */
  from?: Position;
  limit?: number;
  /** Events a page holds at most; default 1,000. */
  page?: number;
  /**
   * For who looks at few events' data or metadata: may parse them only when they are looked at. Such an event is not to be copied by
   * spreading it. (Forwards only; a store may ignore it.)
   */
  lean?: boolean;
  /** Which log; default `events`. `bookkeeping` is for moving a store elsewhere. */
  log?: 'events' | 'bookkeeping';
}

export interface Subscribe {
  /** Only what comes after this position, exclusive; default: everything. */
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
   * `expectedRevision` is that of the stream's last event, NO_STREAM if it must not exist.
   * The same event ids at the same expected revision again are answered as the first time.
   * Errors: WrongExpectedRevision, AppendUnknown, StoreOverloaded, StoreUnavailable, StoreDamaged.
   */
  append(stream: string, expectedRevision: number, events: readonly NewEvent[], options?: AppendOptions): Promise<Appended>;

  /** One stream's events; nothing for a stream that does not exist. Errors: StoreUnavailable, StoreDamaged. */
  readStream(stream: string, options?: ReadStream): AsyncIterable<RecordedEvent[]>;

  /** A log as it is now, in position order. Errors: StoreUnavailable, StoreDamaged. */
  readAll(options?: ReadAll): AsyncIterable<RecordedEvent[]>;

  /**
   * All forwardable events after a position: first those there are, then each as it comes.
   * Resumes by itself after a lost connection. Errors: StoreDamaged.
   */
  subscribe(options: Subscribe): AsyncIterable<RecordedEvent[]>;

  /** Position of the last forwardable event; START when there is none. */
  head(): Promise<Position>;

  /** Finishes what was accepted, then lets go of everything. */
  close(): Promise<void>;
}

/** The stream is not at the revision the append expected: somebody else was faster, or the caller is mistaken. */
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

/** The connection went while the append was in flight: it may be durable or not. Repeat it with the same ids at the same revision. */
export class AppendUnknown extends Error {
  override readonly name = 'AppendUnknown';
}

/** More appends are waiting than the store's bounded queue takes; nothing was recorded. */
export class StoreOverloaded extends Error {
  override readonly name = 'StoreOverloaded';
}

/** The store cannot be reached or was closed; nothing was recorded. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What is stored is not what was written. The message names the place and what to do. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}
