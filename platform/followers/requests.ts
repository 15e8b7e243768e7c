/**
 * An operator's requests to a follower: a rebuild, the release of a parked stream. They are kept on `_requests-<follower>`, so that a request
 * reaches the active process, whichever that is, and outlives it: the next active one carries out the requests that are not done.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { NO_STREAM } from '../../contracts/message.ts';
import { absencesIn } from '../absences/absences.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from './checkpoint-stream.ts';

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
  /** Waits until a request is done or failed, or the signal aborts; answers its state then. */
  settled(follower: string, request: RequestState, signal: AbortSignal): Promise<RequestState>;
  /** Begins to carry out a follower's requests; answers a function that stops. */
  serve(follower: string, serving: Serving): () => Promise<void>;
}

export interface RequestsOptions {
  store: EventStore;
  log: { warn(data: object, message: string): void };
  /** Milliseconds between two looks for requests of other processes; default 500. */
  every?: number;
}

/** Events kept on a follower's stream. */
const KEEP = 200;
/**
 * Milliseconds between two written reports, at least, and the share of the time taken so far that must lie between them: a request that takes
 * hours does not push the others' events out.
 */
const REPORT_EVERY = 1_000;
const REPORT_SHARE = 0.1;

const isSettled = ({ state }: RequestState) => state === 'done' || state === 'failed';

/** Opens the requests. Askers and servers in one process share one of these, and need not wait for the next look. */
export function openRequests({ store, log, every = 500 }: RequestsOptions): Requests {
  /** The states of requests that this process carries out, by id: newer than the written ones. */
  const here = new Map<string, RequestState>();
  const wake = new Set<() => void>();
  const wakeAll = () => {
    for (const one of wake) one();
  };
  const streamOf = (follower: string) => `_requests-${follower}`;

  async function read(follower: string): Promise<{ requests: RequestState[]; revision: number }> {
    const requests = new Map<string, RequestState>();
    let revision = NO_STREAM;
    for await (const page of store.readStream(streamOf(follower))) {
      for (const event of page) {
        const request = event.data as RequestState;
        requests.delete(request.id);
        requests.set(request.id, here.get(request.id) ?? request);
        revision = event.revision;
      }
    }
    return { requests: [...requests.values()], revision };
  }

  async function find(follower: string, action: string, subject: string) {
    const { requests, revision } = await read(follower);
    return { found: requests.findLast((one) => one.action === action && one.subject === subject) ?? null, revision };
  }

  async function append(follower: string, revision: number, data: RequestState): Promise<void> {
    const stream = streamOf(follower);
    await store.append(stream, revision, [{ id: randomUUID(), type: 'RequestChanged', data, metadata: metadata(stream) }], { keep: KEEP });
  }

  /** Writes a state, after whatever others wrote meanwhile. */
  async function write(follower: string, request: RequestState): Promise<void> {
    const { revision } = await read(follower);
    try {
      await append(follower, revision, request);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      await write(follower, request);
    }
  }

  async function ask(follower: string, action: string, subject: string): Promise<RequestState> {
    const { found, revision } = await find(follower, action, subject);
    if (found && !isSettled(found)) return found;
    const request: RequestState = { id: randomUUID(), action, subject, time: new Date().toISOString(), state: 'waiting', report: {} };
    try {
      await append(follower, revision, request);
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

  async function settled(follower: string, request: RequestState, signal: AbortSignal): Promise<RequestState> {
    let now = request;
    while (!isSettled(now) && !signal.aborted) {
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
      let writtenAt = Number.NEGATIVE_INFINITY;
      /** The last write: one after the other, so that no older report comes after the outcome. */
      let writing: Promise<void> = Promise.resolve();
      const report = (progress: Record<string, unknown>) => {
        const now = { ...request, ...here.get(request.id), state: 'running', report: progress } as const;
        here.set(request.id, now);
        if (performance.now() - writtenAt < Math.max(REPORT_EVERY, REPORT_SHARE * (performance.now() - begun))) return;
        writtenAt = performance.now();
        writing = writing.then(() => write(follower, now)).catch(() => {});
      };
      report({});
      const outcome = await carryOut(request.action, request.subject, report).then(
        (last): Partial<RequestState> => ({ state: 'done', report: last }),
        (error: Error): Partial<RequestState> => ({ state: 'failed', error: error.message }),
      );
      const settled = { ...request, ...here.get(request.id), ...outcome };
      here.delete(request.id);
      await writing;
      // A request that failed because this process stopped, or is no longer the active one, is carried out by the next active one.
      if (settled.state === 'failed' && (stopping.signal.aborted || !active())) return;
      await write(follower, settled);
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
