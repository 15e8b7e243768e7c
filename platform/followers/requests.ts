/**
 * An operator's requests to a follower: a rebuild, the release of a parked stream. They are kept on `_requests-<follower>`, so that a request
 * reaches the active process, whichever that is, and outlives it: the next active one carries out the requests that are not done.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { absencesIn } from '../absences/absences.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { isSettled, type Remembered, requestLog } from './request-log.ts';

/** The state of a request. A storage format: each event of the stream holds a whole state. */
export interface RequestState {
  id: string;
  action: string;
  /** The name of the read model or stream that the request is about. */
  subject: string;
  /** The time of the request: ISO 8601, UTC. */
  time: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** The report of the process that carries the request out, as its progress. */
  report: Record<string, unknown>;
  /** Rises while a process carries the request out, also where there is nothing to report: one that stands still is carried out by nobody. */
  beat?: number;
  /** The message of the error, where the state is `failed`. */
  error?: string;
}

/** The side of a follower that carries its requests out. */
export interface Serving {
  /** True while this process is to carry requests out. */
  active(): boolean;
  /** Carries out a request. Resolves with its last report; rejects where it fails. */
  carryOut(action: string, subject: string, report: (progress: Record<string, unknown>) => void): Promise<Record<string, unknown>>;
}

export interface Requests {
  /** Records a request; where an equal one is not done yet, answers that one instead. */
  ask(follower: string, action: string, subject: string): Promise<RequestState>;
  /** The state of the last such request; null when none is remembered. */
  last(follower: string, action: string, subject: string): Promise<RequestState | null>;
  /** Waits until a request is done or failed (or `isEnough` is true of it), or the signal aborts; answers its state then. */
  settled(follower: string, request: RequestState, signal: AbortSignal, isEnough?: (now: RequestState) => boolean): Promise<RequestState>;
  /** Begins to carry out a follower's requests; answers a function that stops. */
  serve(follower: string, serving: Serving): () => Promise<void>;
}

export interface RequestsOptions {
  store: EventStore;
  log: { warn(data: object, message: string): void };
  /** Milliseconds between two looks for requests of other processes; default 500. */
  every?: number;
  /** Milliseconds between two signs of life of a request that is carried out, at most; default BEAT. */
  beat?: number;
}

/**
 * Milliseconds between two written reports: at least, then the share of the time taken so far, and at most, also where there is nothing to report.
 */
const REPORT_EVERY = 1_000;
const REPORT_SHARE = 0.1;
export const BEAT = 5_000;

/** Opens the requests. Askers and servers in one process share one of these, and need not wait for the next look. */
export function openRequests({ store, log, every = 500, beat = BEAT }: RequestsOptions): Requests {
  /** The states of requests that this process carries out, by id: newer than the written ones. */
  const here = new Map<string, RequestState>();
  const wake = new Set<() => void>();
  const wakeAll = () => {
    for (const one of wake) one();
  };
  const requestsOf = requestLog(store);

  async function read(follower: string): Promise<Remembered> {
    const read = await requestsOf.read(follower);
    return { ...read, requests: read.requests.map((request) => here.get(request.id) ?? request) };
  }

  async function find(follower: string, action: string, subject: string) {
    const at = await read(follower);
    return { found: at.requests.findLast((one) => one.action === action && one.subject === subject) ?? null, at };
  }

  async function ask(follower: string, action: string, subject: string): Promise<RequestState> {
    const { found, at } = await find(follower, action, subject);
    if (found && !isSettled(found)) return found;
    const request: RequestState = { id: randomUUID(), action, subject, time: new Date().toISOString(), state: 'waiting', report: {} };
    try {
      await requestsOf.append(follower, at, request);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      return ask(follower, action, subject);
    }
    wakeAll();
    return request;
  }

  /** Resolves when the next look is due: `every` has gone by, something changed in this process, or the signal aborts. */
  function nextLook(signal: AbortSignal): Promise<void> {
    const looking = new AbortController();
    const stop = () => looking.abort();
    wake.add(stop);
    const either = AbortSignal.any([signal, looking.signal]);
    return delay(every, undefined, { signal: either, ref: false })
      .catch(() => {})
      .finally(() => wake.delete(stop));
  }

  async function settled(follower: string, request: RequestState, signal: AbortSignal, isEnough = isSettled): Promise<RequestState> {
    let now = request;
    while (!isEnough(now) && !signal.aborted) {
      await nextLook(signal);
      now = here.get(request.id) ?? (await read(follower)).requests.find(({ id }) => id === request.id) ?? now;
    }
    return now;
  }

  function serve(follower: string, { active, carryOut }: Serving): () => Promise<void> {
    const stopping = new AbortController();
    const running = new Map<string, Promise<void>>();
    let said = '';

    async function run(request: RequestState): Promise<void> {
      const begun = performance.now();
      let writtenAt = begun;
      const now = (): RequestState => ({ ...request, ...here.get(request.id), state: 'running' });
      here.set(request.id, { ...now(), report: {} });
      /** The last write: one after the other, so that no older report comes after the outcome. */
      let writing: Promise<void> = requestsOf.write(follower, now()).catch(() => {});
      const write = () => {
        writtenAt = performance.now();
        here.set(request.id, { ...now(), beat: (now().beat ?? 0) + 1 });
        const state = now();
        writing = writing.then(() => requestsOf.report(follower, state)).catch(() => {});
      };
      const report = (progress: Record<string, unknown>) => {
        here.set(request.id, { ...now(), report: progress });
        const pause = Math.min(beat, Math.max(REPORT_EVERY, REPORT_SHARE * (performance.now() - begun)));
        if (performance.now() - writtenAt >= pause) write();
      };
      const beating = setInterval(() => performance.now() - writtenAt >= beat && write(), beat);
      const outcome = await carryOut(request.action, request.subject, report).then(
        (last): Partial<RequestState> => ({ state: 'done', report: last }),
        (error: Error): Partial<RequestState> => ({ state: 'failed', error: error.message }),
      );
      clearInterval(beating);
      const settled = { ...request, ...here.get(request.id), ...outcome };
      here.delete(request.id);
      await writing;
      // A request that failed because this process stopped, or is no longer the active one, is carried out by the next active one.
      if (settled.state === 'failed' && (stopping.signal.aborted || !active())) return;
      await requestsOf.write(follower, settled);
      wakeAll();
    }

    async function look(): Promise<void> {
      if (!active()) return;
      const { requests } = await read(follower);
      for (const request of requests.filter((one) => !isSettled(one) && !running.has(one.id))) {
        running.set(
          request.id,
          run(request)
            .catch((error: unknown) => {
              if (!absencesIn(log).failed(error))
                log.warn({ follower, err: error }, 'how a request went could not be written; it is carried out again');
            })
            .finally(() => running.delete(request.id)),
        );
      }
      said = '';
    }

    const serving = (async () => {
      while (!stopping.signal.aborted) {
        await look().catch((error: Error) => {
          if (!absencesIn(log).failed(error) && error.message !== said) log.warn({ follower, err: error }, 'requests could not be read; again later');
          said = error.message;
        });
        await nextLook(stopping.signal);
      }
    })();
    return async () => {
      stopping.abort();
      await serving;
      await Promise.all(running.values());
    };
  }

  return { ask, settled, serve, last: async (follower, action, subject) => (await find(follower, action, subject)).found };
}
