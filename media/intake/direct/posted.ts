/**
 * Which of several processes receives a posted file, and what was decided of it for good, as recorded in `posted-record.ts`. One has the file in hand, as
 * long as what is recorded names its attempt, and writes there again while it is at work; the others answer that the file is arriving, or the same refusal.
 *
 *     const inHand = await posted.take(id);
 *     if (!inHand) return arriving(id);
 *     await received(file, inHand.lost).finally(inHand.letGo);
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type ProblemCode, ProblemError, type ProblemStatus } from '../../../contracts/problem.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { type KeptProblem, openPostedRecords, type PostedRecords, type PostedState } from './posted-record.ts';

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
  /** The present time, by which what nobody asks for any more is forgotten; injected by tests. */
  now?: () => Date;
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
export function openPosted({ store, lease = LEASE, clock = () => performance.now(), now = () => new Date() }: PostedOptions): PostedFiles {
  const records = openPostedRecords(store, now);
  /** When this process first saw the last sign of life of another: clocks of two machines are never compared. */
  const seen = new LRUCache<string, { sign: string; since: number }>({ max: MOST_SEEN });

  function isOver(id: string, { by, beat, lease: length }: Held): boolean {
    const sign = `${by} ${beat}`;
    const before = seen.get(id);
    if (before?.sign === sign) return clock() - before.since > length;
    seen.set(id, { sign, since: clock() });
    return false;
  }

  const isHeldNow = (id: string, found: PostedState | undefined) => found?.state === 'held' && !isOver(id, found);

  return {
    isHeld: async (id) => isHeldNow(id, await records.read(id)),
    take: async (id) => {
      const found = await records.read(id);
      if (found?.state === 'refused') throw problemIn(found.problem);
      if (isHeldNow(id, found)) return null;
      const held = { state: 'held', by: randomUUID(), beat: 0, lease } as const;
      const asked = clock();
      const isTaken = await records.change(id, (last) => (isSame(found, last) ? held : last));
      return isTaken ? hold({ id, records, clock }, held, asked) : null;
    },
    askedAnew: async (id) => {
      if ((await records.read(id))?.state === 'refused') await records.change(id, (last) => (last?.state === 'refused' ? undefined : last));
    },
  };
}

type Held = Extract<PostedState, { state: 'held' }>;

/** True where nobody has changed what is known of a file: neither is known, or both are the same sign of life. */
function isSame(one: PostedState | undefined, other: PostedState | undefined): boolean {
  if (one?.state !== 'held' || other?.state !== 'held') return one === other;
  return one.by === other.by && one.beat === other.beat;
}

interface Holding {
  id: string;
  records: PostedRecords;
  clock(): number;
}

/** Says again and again that the file is in hand, from this time on, until it is not. */
function hold({ id, records, clock }: Holding, held: Held, first: number): InHand {
  const lost = new AbortController();
  let since = first;
  let isDone = false;
  let writing: Promise<unknown> = Promise.resolve();

  const lose = () =>
    lost.abort(new ProblemError('unavailable', 'Another process has this file now. Send the same again.', { headers: { 'Retry-After': '1' } }));
  /** One write after the other. Error: the reason of `lost`, where nothing is written, since the file is not in hand. */
  function inTurn(to: (now: Held) => PostedState | undefined): Promise<void> {
    const one = writing.then(async () => {
      lost.signal.throwIfAborted();
      // Others may see it, and count from then on, before this process hears that it is written.
      const asked = clock();
      const isOwn = await records.change(id, (now) => (now?.state === 'held' && now.by === held.by ? to(now) : now));
      if (!isOwn) {
        lose();
        throw lost.signal.reason;
      }
      since = asked;
    });
    writing = one.catch(() => {});
    return one;
  }
  const renewal = setInterval(() => {
    if (clock() - since > held.lease * LOST_AFTER) lose();
    inTurn((now) => ({ ...now, beat: now.beat + 1 })).catch(() => {});
  }, held.lease / RENEWALS);
  const end = async (state: PostedState | undefined) => {
    if (isDone) return;
    isDone = true;
    clearInterval(renewal);
    await inTurn(() => state);
  };
  return {
    lost: lost.signal,
    refuse: ({ code, status, type, errors, message: detail }) =>
      end({ state: 'refused', problem: { code, status, type, detail, ...(errors ? { errors } : {}) } as KeptProblem }),
    letGo: () => end(undefined).catch(() => {}),
  };
}

function problemIn({ code, status, type, errors, detail }: KeptProblem): ProblemError {
  return new ProblemError(code as ProblemCode, detail, { status: status as ProblemStatus, type, errors });
}
