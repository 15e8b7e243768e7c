/**
 * The follower: goes through the log in order and keeps a checkpoint. Everything that follows uses this one.
 */
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import type { EventStore } from '../event-store/event-store.ts';
import type { EventBus } from './event-bus.ts';
import type { FollowerQueue } from './queues.ts';

/** Where a follower is: the last event it has been past, and that event's id, to recognise a log that is not the one it followed. */
export interface Checkpoint {
  position: Position;
  /** Id of the event at `position`; empty at START. */
  eventId: string;
}

export const BEGINNING: Checkpoint = { position: '', eventId: '' };

/** What a follower does with events. */
export interface Following {
  /** Names it in logs, metrics and parked records. */
  name: string;
  queue: FollowerQueue;
  /** Events given to `apply` at most at once; 1 for a policy. */
  batch: number;
  /** True for events it wants; others only move its checkpoint. A pure function. */
  wants(event: RecordedEvent): boolean;
  /** Where it is. Called at every (re)start. */
  load(): Promise<Checkpoint>;
  /**
   * Takes the wanted events of the next stretch of the log, in order (possibly none), then remembers `checkpoint`, or leaves
   * it to a later call. An error is one of infrastructure: the follower starts again from `load()` with backoff.
   * (Poison is the business of `apply` itself, by parking.ts.)
   */
  apply(events: RecordedEvent[], checkpoint: Checkpoint): Promise<void>;
  /** The log does not hold the checkpoint's event at its position (another store, or an older backup). Puts things right, so that `load()` gives a checkpoint that holds. */
  foreignLog(): Promise<void>;
}

export interface FollowContext {
  store: EventStore;
  bus: EventBus;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void };
  /** Milliseconds of silence after which it reads the store; default 5,000. */
  silence?: number;
}

/** A running follower. */
export interface Follower {
  readonly name: string;
  /** Position it has been past (in memory; its stored checkpoint may lag). */
  position(): Position;
  /** Stops after the batch at hand. */
  stop(): Promise<void>;
}
