/**
 * What is recorded of posted files: which process has one in hand, and what was refused for good. 256 bookkeeping streams (`_posted-<two digits>`) hold
 * it, each the files of its share of the ids in its last event, as long as something is to be known of them: what was received or let go leaves nothing.
 */
import { randomUUID } from 'node:crypto';
import { NO_STREAM } from '../../../contracts/message.ts';
import type { ProblemError } from '../../../contracts/problem.ts';
import { turns } from '../../../platform/concurrency/stream-turns.ts';
import { type EventStore, WrongExpectedRevision } from '../../../platform/event-store/event-store.ts';
import { metadata } from '../../../platform/followers/checkpoint-stream.ts';
import { TICKET_SECONDS } from './ticket.ts';

/** What is known of a posted file. A storage format. `until`: the time after which nobody asks for it any more, ISO 8601. */
export type PostedState =
  /** `by` tells one attempt from another; `beat` grows with each sign of life; `lease`: milliseconds for which it may say nothing. */
  { state: 'held'; by: string; beat: number; lease: number; until?: string } | { state: 'refused'; problem: KeptProblem; until?: string };

/** A refusal, in words of ours: neither the file's name nor its content is in them. */
export type KeptProblem = Pick<ProblemError, 'code' | 'status' | 'type' | 'errors'> & { detail: string };

export interface PostedRecords {
  /** What is known of a file; undefined for nothing. Errors: those of the event store. */
  read(id: string): Promise<PostedState | undefined>;
  /**
   * Changes that: `to` gives what is to be known, undefined for nothing, or what it was given to leave it. Resolves to true where something was changed.
   * Errors: those of the event store.
   */
  change(id: string, to: (now: PostedState | undefined) => PostedState | undefined): Promise<boolean>;
}

/** Milliseconds for which a file is known: as long as its ticket may come back, and an hour for the clocks of several machines. */
const KNOWN_FOR = (TICKET_SECONDS + 3_600) * 1_000;
/** Files that one stream holds at most; the oldest are forgotten first. */
const MOST = 500;

type Share = Readonly<Record<string, PostedState>>;

/** Opens them; nothing is read yet. */
export function openPostedRecords(store: Pick<EventStore, 'append' | 'readStream'>, now: () => Date): PostedRecords {
  const streamOf = (id: string) => `_posted-${id.slice(0, 2)}`;
  const inTurn = turns();

  async function shareOf(id: string): Promise<{ files: Share; revision: number }> {
    for await (const [last] of store.readStream(streamOf(id), { direction: 'backwards', limit: 1 }))
      if (last) return { files: (last.data as { files: Share }).files, revision: last.revision };
    return { files: {}, revision: NO_STREAM };
  }

  async function change(id: string, to: Parameters<PostedRecords['change']>[1]): Promise<boolean> {
    const { files, revision } = await shareOf(id);
    const next = to(files[id]);
    if (next === files[id]) return false;
    const stream = streamOf(id);
    try {
      const event = { id: randomUUID(), type: 'PostedFilesChanged', data: { files: changed(files, id, next) }, metadata: metadata(stream) };
      await store.append(stream, revision, [event], { keep: 1, seldom: true });
      return true;
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      // Another file of this share, or another process with this one: whoever wrote got on.
      return change(id, to);
    }
  }

  /** The share with another state of one file, without what nobody asks for any more. */
  function changed(files: Share, id: string, next: PostedState | undefined): Share {
    const { [id]: _before, ...others } = files;
    const time = now();
    const living = Object.entries(others).filter(([, { until = '' }]) => until > time.toISOString());
    const kept = living.slice(1 - MOST);
    const until = new Date(time.getTime() + KNOWN_FOR).toISOString();
    return Object.fromEntries(next ? [...kept, [id, { ...next, until }]] : kept);
  }

  return { read: async (id) => (await shareOf(id)).files[id], change: (id, to) => inTurn(streamOf(id), () => change(id, to)) };
}
