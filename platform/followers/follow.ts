/**
 * The follower: goes through the log in order and keeps a checkpoint. Everything that follows uses this one.
 *
 *     const TASK_LIST = { name: 'task_list', queue: followerQueue('task_list', { category: 'task', purpose: 'the list of tasks' }) };
 *     const follower = follow({ ...TASK_LIST, batch: 500, wants, load, apply, foreignLog }, { store, bus, log });
 *     follower.position();
 *     await follower.stop();
 */
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import type { WhileStarting } from '../absences/while-starting.ts';
import { orAborted } from '../concurrency/abortable.ts';
import { keepTrying } from '../concurrency/keep-trying.ts';
import { takingTurns } from '../concurrency/taking-turns.ts';
import type { BusMessage, EventBus } from '../event-bus/event-bus.ts';
import { type FollowerQueue, onlyCategoryOf } from '../event-bus/queues.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { BEGINNING, type Checkpoint } from './checkpoint-type.ts';
import { eventsAfter, ForeignLog } from './events-after.ts';
import { type Heard, listen } from './listen.ts';
import { type Pace, paceMeter } from './pace.ts';

/** The row of a follower, which its module exports: lists of followers and the table of queues are made of these. */
export interface FollowerRow {
  /** The follower's name in logs, metrics and parked records. */
  name: string;
  queue: FollowerQueue;
}

/** The work of a follower. */
export interface Following extends FollowerRow {
  /** Events that `apply` is given at once, at most; 1 for a policy. */
  batch: number;
  /** True for events that `apply` is to get; others only move the checkpoint. A pure function. */
  wants(event: RecordedEvent): boolean;
  /**
   * Answers the checkpoint. Called at every start, and at every new start after an error. Where it has much to do first, it calls `well` whenever that
   * gets on.
   */
  load(well: () => void): Promise<Checkpoint>;
  /**
   * Takes the wanted events of the next stretch of the log, in order (possibly none), then remembers `checkpoint`, or leaves
   * it to a later call. An error is one of infrastructure: the follower starts again from `load()` with backoff.
   * (An event that cannot be digested is for `apply` itself to park, by parking.ts.)
   */
  apply(events: RecordedEvent[], checkpoint: Checkpoint): Promise<void>;
  /**
   * Called where the log does not hold the checkpoint's event at its position: another store, or an older backup. Puts that right, so that `load()`
   * gives a checkpoint that the log holds.
   */
  foreignLog(): Promise<void>;
}

export interface FollowContext {
  store: EventStore;
  bus: EventBus;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void };
  /** Milliseconds without a message after which the follower reads the store; default 5,000. */
  silence?: number;
  /** Milliseconds before the follower starts again after an error, doubled up to fifty times as much; default 100. */
  backoff?: number;
  /** The patience of the start for followers that it waits for; default: none, they reject at once. */
  whileStarting?: WhileStarting;
}

/** A running follower. */
export interface Follower {
  readonly name: string;
  /** Position of the last event that the follower is past (in memory; its stored checkpoint may lag). */
  position(): Position;
  /** True while this process is the one that follows; on a queue without a hold, once it follows. */
  active(): boolean;
  /** How it gets on, and whatever it sets going. */
  readonly paces: readonly Pace[];
  /** Stops after the batch at hand. */
  stop(): Promise<void>;
}

/** Milliseconds of waiting for its turn after which a follower was a standby: on a bus without other processes it waits for none. */
const STANDBY = 1_000;

/** Starts a follower, which after any error starts again from its checkpoint. Throws UnknownQueue where the bus was opened without its queue. */
export function follow(following: Following, { store, bus, log, silence = 5_000, backoff }: FollowContext): Follower {
  const { name, queue, batch } = following;
  bus.check(queue);
  const stopping = new AbortController();
  // Where a queue gets every event of just one category, the chain within the category is enough.
  const previousOf = onlyCategoryOf(queue) === undefined ? (one: BusMessage) => one.previous : (one: BusMessage) => one.previousInCategory;
  /** The last event that the follower is past, wanted or not. */
  let at: Checkpoint = BEGINNING;
  let well = () => {};
  let session = new AbortController();
  let active = false;
  const pause = takingTurns();
  const pace = paceMeter(name, (head) => at.position < head);

  async function attempt(isWell: () => void): Promise<void> {
    well = () => {
      isWell();
      pace.well();
    };
    session = new AbortController();
    if (stopping.signal.aborted) session.abort();
    try {
      await along(session.signal);
    } catch (error) {
      if (!(error instanceof ForeignLog)) {
        pace.failed(error);
        throw error;
      }
      log.warn({ follower: name, err: error }, 'the event store is not the one this follower followed');
      await orAborted(following.foreignLog(), stopping.signal);
    } finally {
      active = false;
      pace.ends();
      session.abort();
    }
  }

  /** Goes from the checkpoint to the head of the store, then along the bus. Messages published meanwhile wait in the queue. */
  async function along(signal: AbortSignal): Promise<void> {
    const since = performance.now();
    let react = begin;
    async function begin(heard: Heard): Promise<void> {
      // While another process is the active one, its checkpoint moves and this one's first batch does not come.
      if (heard === 'silence' && queue.activeHold !== null) return;
      const waited = performance.now() - since;
      await becomeActive(signal, queue.activeHold !== null && waited > STANDBY);
      await readOn(signal);
      react = goOn;
      await goOn(heard === 'silence' ? [] : heard);
    }
    const goOn = (heard: Heard) => (heard === 'silence' ? readOn(signal) : take(heard, signal));
    for await (const heard of listen(bus.follow(queue, { signal, max: batch }), silence, signal)) await react(heard);
  }

  /** Reads the checkpoint, from which this process goes on. A standby tells how long that took: it is a part of the time of a takeover. */
  async function becomeActive(signal: AbortSignal, wasStandby: boolean): Promise<void> {
    pace.begins();
    const begun = performance.now();
    at = (await orAborted(following.load(well), signal)) ?? at;
    active = true;
    if (wasStandby) log.info({ follower: name, loading: Math.round(performance.now() - begun) }, 'a standby took over from another process');
  }

  /** Reads the store from the checkpoint to the head. Error: ForeignLog. */
  async function readOn(signal: AbortSignal): Promise<void> {
    for await (const page of eventsAfter(store, at, signal)) await applyAll(page, signal);
    well();
  }

  /** Applies messages that continue the chain; at a gap reads the store. A gap that this does not fill is left to the next message, or to silence. */
  async function take(messages: readonly BusMessage[], signal: AbortSignal): Promise<void> {
    const { events, rest } = upToGap(messages);
    await applyAll(events, signal);
    if (rest.length === 0 || signal.aborted) return;
    await readOn(signal);
    await applyAll(upToGap(rest).events, signal);
  }

  function upToGap(messages: readonly BusMessage[]): { events: RecordedEvent[]; rest: readonly BusMessage[] } {
    const events: RecordedEvent[] = [];
    let end = at.position;
    for (const [index, message] of messages.entries()) {
      if (message.event.position <= end) continue;
      if (previousOf(message) > end) return { events, rest: messages.slice(index) };
      events.push(message.event);
      end = message.event.position;
    }
    return { events, rest: [] };
  }

  /** Applies the wanted events in batches, each with the checkpoint of the last event seen; the rest moves the checkpoint once. */
  async function applyAll(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
    let from = 0;
    for (let wanted = next(events, from); from < events.length && !signal.aborted; wanted = next(events, from)) {
      await advance(wanted.events, events[wanted.end - 1]);
      from = wanted.end;
    }
  }

  /** The next stretch: up to `batch` wanted events, and the unwanted ones behind them. */
  function next(events: readonly RecordedEvent[], from: number): { events: RecordedEvent[]; end: number } {
    const wanted: RecordedEvent[] = [];
    for (let end = from; end < events.length; end++) {
      const event = events[end] as RecordedEvent;
      if (!following.wants(event)) continue;
      if (wanted.length === batch) return { events: wanted, end };
      wanted.push(event);
    }
    return { events: wanted, end: events.length };
  }

  async function advance(events: RecordedEvent[], last: RecordedEvent | undefined): Promise<void> {
    if (!last) return;
    const checkpoint = { position: last.position, eventId: last.id };
    await following.apply(events, checkpoint);
    at = checkpoint;
    well();
    await pause();
  }

  const running = keepTrying({ name: `follower ${name}`, log, signal: stopping.signal, ...(backoff === undefined ? {} : { backoff }) }, attempt);
  return {
    name,
    position: () => at.position,
    active: () => active,
    paces: [pace],
    stop: async () => {
      stopping.abort();
      session.abort();
      await running;
    },
  };
}
