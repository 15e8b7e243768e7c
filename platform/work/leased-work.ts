/**
 * The handling of an offer: the worker makes ready what it needs, leases the item, tries it, and records the outcome, whatever kind of item it is.
 * The lease is renewed while the attempt is alive. The worker may die anywhere: an outcome that it did not record is not known to anybody, and the
 * next worker has the item when the lease is over.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UnknownEvent } from '../../contracts/catalog.ts';
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { absencesIn } from '../absences/absences.ts';
import type { CommandHandler } from '../command-handler.ts';
import { DeadLetter, type Offer } from '../event-bus/event-bus.ts';
import { BeginningGone, isBeginning } from '../event-store/beginning.ts';
import { type EventStore, isOfOneStream, type ReadStream } from '../event-store/event-store.ts';
import { stableId } from '../stable-id.ts';
import { sinceBoot } from '../time/since-boot.ts';
import { type HeldLease, holdLease } from './held-lease.ts';
import { setAside } from './set-aside.ts';

export interface WorkContext {
  store: Pick<EventStore, 'readStream' | 'append'>;
  commands: CommandHandler;
  /** The worker's name, unique among all: host, process and number. */
  worker: string;
  log: { warn(data: object, message: string): void };
  now?: () => Date;
  /** A clock that nobody sets and that goes on while the machine sleeps, in milliseconds; default `sinceBoot`. */
  clock?: () => number;
  /** Milliseconds that a lease lasts: so long an item waits whose worker died. It is renewed while the attempt is alive. */
  lease?: number;
  /** Aborted when the process must end: the attempt under way is given up, and that is recorded. */
  ending?: AbortSignal;
}

/** The part of an item's state that is about its attempts. */
export interface Leasable {
  /** Attempts begun. */
  attempts: number;
  /** Attempts that do not count any more, since an operator had the item tried again. */
  forgiven: number;
  lease: { worker: string; until: string } | null;
}

/** A worker's message to the decider: a command without its sender, its time and its item. */
export interface ToldOfAttempt {
  type: string;
  data: unknown;
}

/** The same of a command's type: its `type` and `data`. */
export type TellingOf<C extends ToldOfAttempt> = C extends ToldOfAttempt ? { type: C['type']; data: C['data'] } : never;

/** An item under this worker's lease, with what was made ready for its attempt. */
export interface LeasedItem<State extends Leasable, T extends ToldOfAttempt, Ready> {
  stream: string;
  state: State;
  ready: Ready;
  /**
   * Records what an attempt reached on its way; false where the decider refuses it. `once`: what tells it from others of its type in this attempt.
   * It rejects where the event store could not take it now.
   */
  note(told: T, once: string): Promise<boolean>;
}

/** A kind of item. */
export interface LeasedKind<State extends Leasable, T extends ToldOfAttempt, Ready> {
  /** The name of its dispatcher, under which items that cannot be read are listed. */
  dispatcher: string;
  /** True where the first event of a stream begins an item of this kind. */
  begins(first: RecordedEvent): boolean;
  /**
   * Makes ready what an attempt needs, before the item is leased at the very revision that this saw; null where the item is not to be had. It
   * rejects where that cannot be had now: no attempt was begun then, and the offer comes again, or the item is set aside.
   */
  prepare(stream: string, state: State, waited?: string): Promise<Ready | null>;
  /** Takes back what `prepare` did for an attempt that is not begun, as nobody got the lease, or nobody knows who did. */
  drop?(ready: Ready): Promise<void>;
  /**
   * The command that leases an item; the decider refuses it where the item is not to be had. `waited`: the time for which the offer has waited, where
   * it says so.
   */
  lease(until: string, waited?: string): T;
  /** The command that renews a lease; the decider refuses it where the attempt is not the one at work any more. */
  renew(renewal: { attempt: number; until: string }): T;
  /** Milliseconds that an attempt may take. */
  longest: number;
  /** Tries an item and answers the outcome to record. When `held.over` aborts it must end soon. Never rejects. */
  attempt(item: LeasedItem<State, T, Ready>, held: HeldLease): Promise<T>;
  /** The type of the outcome that may leave the item failed for good. */
  fails: T['type'];
  /** The reason why the item has failed for good, by its last event; undefined where it has not. */
  failure(last: RecordedEvent): string | undefined;
}

/** What a worker wants: a lease of an item until then, for an offer that has waited until `due`. */
interface Wish {
  stream: string;
  until: string;
  due: string | undefined;
}

/** Milliseconds before an offer goes back to its queue when the event store could not be asked. */
const BACK_AFTER = 1_000;
/** Milliseconds between two attempts to record an outcome, at most. */
const RECORD_AFTER = 2_000;

/**
 * Makes the handler of offers. It rejects where the event store cannot be reached (the offer then comes again), and with DeadLetter where the
 * item has failed for good, or the stream is no item of this kind. One that cannot be read, by whatever reason that is its own, is set aside.
 */
export function leasedWork<State extends Leasable, T extends ToldOfAttempt, Ready>(
  context: WorkContext & { lease: number },
  kind: LeasedKind<State, T, Ready>,
): (offer: Offer) => Promise<void> {
  const { store, commands, worker, log, now = () => new Date(), clock = sinceBoot, lease, ending = new AbortController().signal } = context;
  interface Taken extends Omit<LeasedItem<State, T, Ready>, 'note'> {
    /** The time at which the lease was asked for, by the clock that nobody sets. */
    since: number;
    correlationId: string;
  }

  return async ({ stream, due }) => {
    const taken = await take(stream, due).catch((error: unknown) => notTaken(stream, error));
    if (taken === 'aside') return;
    const outcome = taken && (await tried(taken));
    if (!outcome || outcome.type === kind.fails) await throwIfFailed(stream);
  };

  async function tried(taken: Taken): Promise<T> {
    const { stream, state, since, correlationId } = taken;
    const about = { attempt: state.attempts, correlationId };
    const renew = (next: string) => accepted(tell(stream, kind.renew({ attempt: state.attempts, until: next }), { once: next, correlationId }));
    const held = holdLease({ lease, longest: kind.longest, since, ending, now, clock, renew });
    try {
      const note = (told: T, once: string) => accepted(tell(stream, told, { once: `${about.attempt} ${once}`, correlationId }));
      const outcome = await kind.attempt({ ...taken, note }, held);
      await untilRecorded(stream, held, () => tell(stream, outcome, { once: String(about.attempt), correlationId }));
      return outcome;
    } finally {
      held.letGo();
    }
  }

  /** Sets an item aside that cannot be read. Rejects, after a while, where only something is away that all of them need. */
  async function notTaken(stream: string, error: unknown): Promise<'aside'> {
    if (!isOfOneStream(error)) return backAfterAWhile(error);
    const isNew = await setAside(store, kind.dispatcher, stream, error).catch(backAfterAWhile);
    // One note for the operator of the broker, however often somebody offers what is not there.
    if (isNew && error instanceof DeadLetter) throw error;
    if (isNew) log.warn({ stream, err: error }, 'an item cannot be read: it is listed with what is parked, and offered again, later each time');
    return 'aside';
  }

  async function backAfterAWhile(error: unknown): Promise<never> {
    await delay(BACK_AFTER, undefined, { signal: ending }).catch(() => {});
    throw error;
  }

  /**
   * The item under this worker's lease; null where the worker gets none: the item is decided, not due, or leased by a faster worker. Rejects where it
   * cannot be read.
   */
  async function take(stream: string, due: string | undefined): Promise<Taken | null> {
    const first = await beginningOf(stream);
    const before = await commands.load<State>(stream);
    if (before.missing) throw before.missing;
    const ready = await kind.prepare(stream, before.state, due);
    if (ready === null) return null;
    const since = clock();
    const until = new Date(now().getTime() + lease).toISOString();
    const correlationId = first.metadata.$correlationId;
    // Each offer is a command of its own: of two at the same moment, one is refused.
    const of = { once: randomUUID(), correlationId, ifMatch: [before.revision] };
    const state = await untilAnswered(since, () => leased({ stream, until, due }, of)).catch(async (error: unknown) => {
      await kind.drop?.(ready);
      throw error;
    });
    if (state) return { stream, state, ready, since, correlationId };
    await kind.drop?.(ready);
    return null;
  }

  /** The event that the item begins with. Errors: BeginningGone, StreamGone; DeadLetter for a stream that is no such item. */
  async function beginningOf(stream: string): Promise<RecordedEvent> {
    const first = await eventOf(stream, { tellGone: true });
    if (first && !isBeginning(first)) throw new BeginningGone(stream);
    if (!first || !kind.begins(first)) throw new DeadLetter('there is nothing like that to work on');
    return first;
  }

  async function eventOf(stream: string, options: ReadStream): Promise<RecordedEvent | undefined> {
    for await (const [event] of store.readStream(stream, { ...options, limit: 1 })) return event;
    return undefined;
  }

  async function leased({ stream, until, due }: Wish, of: Telling): Promise<State | null> {
    if (!(await accepted(tell(stream, kind.lease(until, due), of)))) return null;
    const { state } = await commands.load<State>(stream);
    return state.lease?.worker === worker && state.lease.until === until ? state : null;
  }

  /** Asks for the lease again after an error, during its first quarter: it may be recorded, and would keep everybody waiting until it is over. */
  async function untilAnswered<R>(asked: number, ask: () => Promise<R>, wait = 100): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      if (ending.aborted || clock() - asked > lease / 4) throw error;
      await delay(wait, undefined, { signal: ending }).catch(() => {});
      return untilAnswered(asked, ask, Math.min(wait * 2, RECORD_AFTER));
    }
  }

  /** Throws DeadLetter where the item has failed for good, also by another worker that died before its offer lay in the dead queue. */
  async function throwIfFailed(stream: string): Promise<void> {
    const last = await eventOf(stream, { direction: 'backwards' });
    const failure = last && kind.failure(last);
    if (failure !== undefined) throw new DeadLetter(failure);
  }

  /** Records the outcome, trying as long as the lease holds; after that the attempt has no outcome. The work itself is not repeated for that. */
  async function untilRecorded(stream: string, held: HeldLease, record: () => Promise<void>): Promise<void> {
    for (let wait = 100; !(await recorded(stream, record)); wait = Math.min(wait * 2, RECORD_AFTER)) {
      if (ending.aborted || held.isLost()) throw new Error(`how it went could not be recorded at ${stream} while its lease held`);
      await delay(wait, undefined, { signal: ending }).catch(() => {});
    }
  }

  /** Records the outcome; false where the event store could not take it now. */
  async function recorded(stream: string, record: () => Promise<void>): Promise<boolean> {
    try {
      if (!(await accepted(record()))) log.warn({ stream }, 'another worker had it, or it was cancelled, before the outcome was recorded');
      return true;
    } catch (error) {
      if (!absencesIn(log).failed(error)) log.warn({ stream, err: error }, 'the outcome was not recorded; again');
      return false;
    }
  }

  async function tell(stream: string, { type, data }: T, { once, correlationId, ifMatch }: Telling): Promise<void> {
    const commandId = stableId(worker, stream, type, once);
    const actor = { id: `worker:${worker}`, role: 'system', seesAll: true } as const;
    const command = { type, stream, id: idOf(stream), data, commandId, actor, now: now().toISOString() };
    await commands.handle(command, { correlationId, ...(ifMatch ? { ifMatch } : {}) });
  }
}

/** The circumstances of a worker's command. `once`: what tells it from others of its type; a repeat has the same. */
interface Telling {
  once: string;
  correlationId: string;
  ifMatch?: readonly number[];
}

/** True where a command was accepted, false where it was refused, which is an answer, too. */
async function accepted(telling: Promise<void>): Promise<boolean> {
  try {
    await telling;
    return true;
  } catch (error) {
    if (error instanceof ProblemError && isRefusal(error)) return false;
    throw error;
  }
}

/** True for a refusal that trying again at once does not change: also of an item with an event that this release does not know. */
function isRefusal({ code, cause }: ProblemError): boolean {
  return ['conflict', 'not_found'].includes(code) || cause instanceof UnknownEvent;
}
