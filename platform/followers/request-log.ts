/**
 * The streams of an operator's requests: `_requests-<follower>` with the states of all, and `_progress-<follower>` with what is reported of those that
 * run, so that however much is reported of one, it pushes no other out.
 */
import { randomUUID } from 'node:crypto';
import { NO_STREAM } from '../../contracts/message.ts';
import { turns } from '../concurrency/stream-turns.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from './checkpoint-stream.ts';
import type { RequestState } from './requests.ts';

/** The requests that are remembered, in the order of their last changes. */
export interface Remembered {
  requests: RequestState[];
  /** Revision of the stream of requests. */
  revision: number;
  /** Revision of the oldest change of a request that is neither done nor failed; Infinity without one. */
  oldest: number;
}

export interface RequestLog {
  read(follower: string): Promise<Remembered>;
  /** Records a state behind what was read. Error: WrongExpectedRevision. */
  append(follower: string, read: Remembered, request: RequestState): Promise<void>;
  /** Records a state, after whatever others wrote meanwhile. */
  write(follower: string, request: RequestState): Promise<void>;
  /** Records what is reported of a request that runs; where somebody else reports at the same moment, the next time will do. */
  report(follower: string, request: RequestState): Promise<void>;
}

/** Changes kept on a follower's stream of requests, at least: those of a request that is not done or failed are kept in any case. */
const KEEP = 200;
/** Reports kept: the last one of each request that runs is among them. */
const KEEP_REPORTS = 100;

export const isSettled = ({ state }: RequestState) => state === 'done' || state === 'failed';

export function requestLog(store: EventStore): RequestLog {
  const streamOf = (follower: string) => `_requests-${follower}`;
  const progressOf = (follower: string) => `_progress-${follower}`;

  async function read(follower: string): Promise<Remembered> {
    const last = new Map<string, { request: RequestState; revision: number }>();
    let revision = NO_STREAM;
    for await (const page of store.readStream(streamOf(follower))) {
      for (const event of page) {
        const request = event.data as RequestState;
        last.delete(request.id);
        last.set(request.id, { request, revision: event.revision });
        revision = event.revision;
      }
    }
    const all = [...last.values()];
    const open = all.filter(({ request }) => !isSettled(request)).map((one) => one.revision);
    const reported = all.some(({ request }) => request.state === 'running') ? await reports(follower) : new Map<string, RequestState>();
    const requests = all.map(({ request }) => (request.state === 'running' ? (reported.get(request.id) ?? request) : request));
    return { requests, revision, oldest: Math.min(...open) };
  }

  async function reports(follower: string): Promise<Map<string, RequestState>> {
    const found = new Map<string, RequestState>();
    for await (const page of store.readStream(progressOf(follower)))
      for (const { data } of page) found.set((data as RequestState).id, data as RequestState);
    return found;
  }

  async function change(stream: string, revision: number, { request, keep }: { request: RequestState; keep: number }): Promise<void> {
    await store.append(stream, revision, [{ id: randomUUID(), type: 'RequestChanged', data: request, metadata: metadata(stream) }], { keep });
  }

  async function append(follower: string, { revision, oldest }: Remembered, request: RequestState): Promise<void> {
    const open = oldest === Number.POSITIVE_INFINITY ? 0 : revision - oldest + 2;
    await change(streamOf(follower), revision, { request, keep: Math.max(KEEP, open) });
  }

  async function write(follower: string, request: RequestState): Promise<void> {
    try {
      await append(follower, await read(follower), request);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      await write(follower, request);
    }
  }

  async function report(follower: string, request: RequestState): Promise<void> {
    const stream = progressOf(follower);
    let revision = NO_STREAM;
    for await (const [last] of store.readStream(stream, { direction: 'backwards', limit: 1 })) revision = last?.revision ?? NO_STREAM;
    await change(stream, revision, { request, keep: KEEP_REPORTS }).catch((error: unknown) => {
      if (!(error instanceof WrongExpectedRevision)) throw error;
    });
  }

  // One after the other: many requests of one process would lose races against each other.
  const inTurn = turns();
  return {
    read,
    append,
    write: (follower, request) => inTurn(streamOf(follower), () => write(follower, request)),
    report: (follower, request) => inTurn(progressOf(follower), () => report(follower, request)),
  };
}
