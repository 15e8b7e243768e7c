/**
 * Whether anything can be recorded now, as the appends of a process tell. Where the last one failed, or is long ago, a probe tells: an append on a
 * bookkeeping stream. Without it, a disk that has room again would never be noticed, since nobody sends to a process that is not ready.
 *
 *     const appends = openAppendHealth({ log });
 *     const store = appends.watch(await openEventStore(url, options));
 *     await appends.check();
 */
import { randomUUID } from 'node:crypto';
import { type NewEvent, NO_STREAM } from '../../contracts/message.ts';
import { absencesIn } from '../absences/absences.ts';
import { Unavailable } from '../absences/unavailable.ts';
import { metadata } from '../followers/checkpoint-stream.ts';
import { AppendUnknown, EVENT_STORE, type EventStore, StoreDamaged, StoreUnavailable, WrongExpectedRevision } from './event-store.ts';

export interface AppendHealth {
  /** The same store; its appends are watched from now on. To be called once, before `check`. */
  watch(store: EventStore): EventStore;
  /** Resolves where something was recorded within the last 10 seconds and nothing failed since, or is recorded now. Rejects with the reason. */
  check(): Promise<void>;
  /** Seconds for which nothing could be recorded; 0 while something can. */
  seconds(): number;
}

export interface AppendHealthOptions {
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void };
  /** Milliseconds for which a success counts, default 10,000; and between two probes while nothing can be recorded, default 1,000. */
  fresh?: number;
  pause?: number;
  /** Milliseconds after which an append that has not answered counts as one that failed, default 5,000. */
  patience?: number;
}

/** The stream of the probes of all processes. */
export const PROBES = '_probe';
/**
 * A probe whose revision is a multiple of it also trims the stream. (Not each: on EventStoreDB to trim is an append of its own.)
 */
const TRIMMED_EVERY = 20;
const WORDS = 'Is a disk full, or the event store away? It goes on by itself once that is over';

/**
 * Opens the watch. It logs a line of level 50 when nothing can be recorded any more, and a line when that is over: those of the event store's absence, which
 * lasts so long, though it can be read.
 */
export function openAppendHealth({ log, fresh = 10_000, pause = 1_000, patience = 5_000 }: AppendHealthOptions): AppendHealth {
  let watched: EventStore | undefined;
  /** The times of the last success and of the last probe's beginning, on the monotonic clock. */
  let goodAt = Number.NEGATIVE_INFINITY;
  let probedAt = Number.NEGATIVE_INFINITY;
  let failing: { since: number; error: Error } | undefined;
  let probing: Promise<void> | undefined;
  let revision = NO_STREAM;
  let isDamageSaid = false;
  const absences = absencesIn(log);

  function good(): void {
    goodAt = performance.now();
    if (failing) absences.ends(EVENT_STORE);
    failing = undefined;
  }

  function bad(error: Error): void {
    failing = { since: failing?.since ?? performance.now(), error };
    if (error instanceof Unavailable) absences.begins(error, `nothing can be recorded: ${error.message}. ${WORDS}`);
    else if (!isDamageSaid) log.error({ reason: error.message }, `nothing can be recorded: ${error.message}`);
    isDamageSaid ||= !(error instanceof Unavailable);
  }

  /** Called when an append begins; the answer is to be called when it has ended. A disk that hangs rejects nothing: an append that does not end tells, too. */
  function began(isClosed: () => boolean): () => void {
    const at = performance.now();
    const timer = setTimeout(() => {
      if (goodAt < at && !isClosed()) bad(new StoreUnavailable(`an append has had no answer for ${patience / 1_000} s`));
    }, patience);
    timer.unref();
    return () => clearTimeout(timer);
  }

  /** Appends to the stream of probes. Who loses the race twice in a row knows that another process's probe was recorded between the two. */
  async function probe(store: EventStore): Promise<void> {
    if (await probed(store)) return;
    if (!(await probed(store))) good();
  }

  /** False where another process's probe was faster. */
  async function probed(store: EventStore): Promise<boolean> {
    try {
      const options = (revision + 1) % TRIMMED_EVERY === 0 ? { keep: 1 } : {};
      revision = (await store.append(PROBES, revision, [aProbe()], options)).revision;
      return true;
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      revision = error.actual;
      return false;
    }
  }

  /**
   * Begins a probe, or waits for the one that is under way: one at a time, however many ask. While nothing can be recorded, nobody waits for one that may
   * stand still as well.
   */
  function probeInTurn(store: EventStore): Promise<void> {
    if (probing) return failing ? Promise.reject(failing.error) : probing;
    if (failing && performance.now() - probedAt < pause) return Promise.reject(failing.error);
    probedAt = performance.now();
    probing = probe(store).finally(() => {
      probing = undefined;
    });
    return probing;
  }

  return {
    watch: (store) => {
      watched = watchingAppends(store, { good, bad, began });
      return watched;
    },
    check: async () => {
      if (!watched) throw new Error('no event store is watched yet');
      if (failing || performance.now() - goodAt > fresh) await probeInTurn(watched);
    },
    seconds: () => (failing ? (performance.now() - failing.since) / 1_000 : 0),
  };
}

function aProbe(): NewEvent {
  return { id: randomUUID(), type: 'Probed', data: {}, metadata: metadata(PROBES) };
}

interface Watch {
  began(isClosed: () => boolean): () => void;
  good(): void;
  bad(error: Error): void;
}

/** The store, whose appends tell how they went. A lost race, a full queue and a caller's mistake say nothing of it, nor does the end of the process. */
function watchingAppends(store: EventStore, { began, good, bad }: Watch): EventStore {
  let closed = false;
  return {
    ...store,
    append: async (...args) => {
      const ended = began(() => closed);
      try {
        const appended = await store.append(...args);
        good();
        return appended;
      } catch (error) {
        if (!closed && isTrouble(error)) bad(error);
        throw error;
      } finally {
        ended();
      }
    },
    close: () => {
      closed = true;
      return store.close();
    },
  };
}

function isTrouble(error: unknown): error is Error {
  return error instanceof StoreUnavailable || error instanceof AppendUnknown || error instanceof StoreDamaged;
}
