/**
 * Which of several processes receives a posted file, and what was decided of it for good: the last event of the bookkeeping stream `_posted-<id>` says
 * so. One has the file in hand, by the revision of that stream, and writes there again while it is at work; the others answer that the file is arriving,
 * or the same refusal.
 *
 *     const inHand = await posted.take(id);
 *     if (!inHand) return arriving(id);
 *     await received(file, inHand.lost).finally(inHand.letGo);
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { NO_STREAM } from '../../../contracts/message.ts';
import { type ProblemCode, ProblemError, type ProblemStatus } from '../../../contracts/problem.ts';
import { type EventStore, WrongExpectedRevision } from '../../../platform/event-store/event-store.ts';
import { metadata } from '../../../platform/followers/checkpoint-stream.ts';

/** What is known of a posted file. A storage format: each event of the stream holds a whole state. */
type PostedState =
  | { state: 'free' }
  /** `by` tells one attempt from another; `lease`: milliseconds for which it may say nothing. */
  | { state: 'held'; by: string; lease: number }
  | { state: 'refused'; problem: KeptProblem };

type KeptProblem = Pick<ProblemError, 'code' | 'status' | 'type' | 'errors'> & { detail: string };

export interface PostedFiles {
  /** True where another attempt has the file in hand. Errors: those of the event store. */
  isHeld(id: string): Promise<boolean>;
  /** Takes a file in hand; null where another has it. Errors: ProblemError where it was refused for good; those of the event store. */
  take(id: string): Promise<InHand | null>;
  /** Forgets a refusal, since another file is to be posted in the place of the refused one. Errors: those of the event store. */
  askedAnew(id: string): Promise<void>;
}

/** A posted file in the hand of this process. */
export interface InHand {
  /** Aborts where another process has the file, or may have it soon, with a ProblemError. */
  readonly lost: AbortSignal;
  /** Records that the file is refused for good. Errors: the reason of `lost`, where nothing is recorded; those of the event store. */
  refuse(problem: ProblemError): Promise<void>;
  /** Lets others have the file at once, unless it was refused. Never rejects: what cannot be recorded is over with its lease. */
  letGo(): Promise<void>;
}

export interface PostedOptions {
  store: Pick<EventStore, 'append' | 'readStream'>;
  /** Milliseconds after which others take a file whose process says nothing any more; default LEASE. */
  lease?: number;
  /** A clock that nobody sets, in milliseconds; default performance.now. */
  clock?: () => number;
}

/** As long as a file waits whose process was killed. */
const LEASE = 30_000;
/** Signs of life in a lease: after one that failed there is time for another. */
const RENEWALS = 4;
/** The share of its lease after which a process without a sign of life gives the file up: so long before another may have it, and between two signs. */
const LOST_AFTER = 2 / 3;
/** Files of which a process remembers how long another one has said nothing. */
const MOST_SEEN = 1_000;

/** Opens it; nothing is read yet. */
export function openPosted({ store, lease = LEASE, clock = () => performance.now() }: PostedOptions): PostedFiles {
  /** When this process first saw the last sign of life of another: clocks of two machines are never compared. */
  const seen = new LRUCache<string, { revision: number; since: number }>({ max: MOST_SEEN });

  async function read(id: string): Promise<{ now: PostedState; revision: number }> {
    for await (const [last] of store.readStream(streamOf(id), { direction: 'backwards', limit: 1 }))
      if (last) return { now: last.data as PostedState, revision: last.revision };
    return { now: { state: 'free' }, revision: NO_STREAM };
  }

  /** The revision behind the new state; null where another writer was faster. */
  async function write(id: string, expected: number, state: PostedState): Promise<number | null> {
    const stream = streamOf(id);
    try {
      const event = { id: randomUUID(), type: 'PostedFileChanged', data: state, metadata: metadata(stream) };
      return (await store.append(stream, expected, [event], { keep: 1, seldom: true })).revision;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return null;
      throw error;
    }
  }

  function isOver(id: string, revision: number, length: number): boolean {
    const before = seen.get(id);
    if (before?.revision === revision) return clock() - before.since > length;
    seen.set(id, { revision, since: clock() });
    return false;
  }

  const isHeldNow = (id: string, { now, revision }: Awaited<ReturnType<typeof read>>) => now.state === 'held' && !isOver(id, revision, now.lease);

  return {
    isHeld: async (id) => isHeldNow(id, await read(id)),
    take: async (id) => {
      const found = await read(id);
      if (found.now.state === 'refused') throw problemIn(found.now.problem);
      if (isHeldNow(id, found)) return null;
      const held = { state: 'held', by: randomUUID(), lease } as const;
      const asked = clock();
      const revision = await write(id, found.revision, held);
      return revision === null
        ? null
        : hold({ read: () => read(id), write: (at, state) => write(id, at, state), clock }, held, { revision, since: asked });
    },
    askedAnew: async (id) => {
      const { now, revision } = await read(id);
      if (now.state === 'refused') await write(id, revision, { state: 'free' });
    },
  };
}

const streamOf = (id: string) => `_posted-${id}`;

interface Holding {
  read(): Promise<{ now: PostedState; revision: number }>;
  write(expected: number, state: PostedState): Promise<number | null>;
  clock(): number;
}

/** Says again and again that the file is in hand, from this revision and time on, until it is not. */
function hold({ read, write, clock }: Holding, held: Extract<PostedState, { state: 'held' }>, first: { revision: number; since: number }): InHand {
  const lost = new AbortController();
  let { revision, since } = first;
  let isDone = false;
  let writing: Promise<unknown> = Promise.resolve();

  const lose = () =>
    lost.abort(new ProblemError('unavailable', 'Another process has this file now. Send the same again.', { headers: { 'Retry-After': '1' } }));
  /** Behind a write of this hand's own, of which the store could not say that it had taken it; null where the file is in another hand. */
  async function writtenBehindOwn(state: PostedState): Promise<number | null> {
    const found = await read();
    return found.now.state === 'held' && found.now.by === held.by ? write(found.revision, state) : null;
  }
  /** One write after the other. Error: the reason of `lost`, where nothing is written, since the file is not in hand. */
  function inTurn(state: PostedState): Promise<void> {
    const one = writing.then(async () => {
      lost.signal.throwIfAborted();
      // Others may see it, and count from then on, before this process hears that it is written.
      const asked = clock();
      const next = (await write(revision, state)) ?? (await writtenBehindOwn(state));
      if (next === null) {
        lose();
        throw lost.signal.reason;
      }
      revision = next;
      since = asked;
    });
    writing = one.catch(() => {});
    return one;
  }
  const renewal = setInterval(() => {
    if (clock() - since > held.lease * LOST_AFTER) lose();
    inTurn(held).catch(() => {});
  }, held.lease / RENEWALS);
  const end = async (state: PostedState) => {
    if (isDone) return;
    isDone = true;
    clearInterval(renewal);
    await inTurn(state);
  };
  return {
    lost: lost.signal,
    refuse: ({ code, status, type, errors, message: detail }) =>
      end({ state: 'refused', problem: { code, status, type, detail, ...(errors ? { errors } : {}) } as KeptProblem }),
    letGo: () => end({ state: 'free' }).catch(() => {}),
  };
}

function problemIn({ code, status, type, errors, detail }: KeptProblem): ProblemError {
  return new ProblemError(code as ProblemCode, detail, { status: status as ProblemStatus, type, errors });
}
