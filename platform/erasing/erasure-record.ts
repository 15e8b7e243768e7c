/**
 * The record of one erasure: the bookkeeping stream `_erasure-<user id>`, whose last event is how it stands. Several processes write it, each what it has
 * done: at the exact revision, so that nothing that another one wrote is lost, and what was recorded first stays.
 */
import { randomUUID } from 'node:crypto';
import { type DoneStep, ERASURE_STEP_NAMES, type ErasureCertificate, type ErasureStatus, type ErasureStepName } from '../../contracts/erasure.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from '../followers/checkpoint-stream.ts';

/** How an erasure stands. A storage format. */
export interface ErasureState {
  person: string;
  requestedBy: string;
  /** ISO 8601, UTC. */
  requestedAt: string;
  /** The references of the keys to destroy, known before the first is. */
  keys: readonly string[];
  /** The time from which no process has one of the keys, or anything that it made with one; null before. */
  forgottenAt: string | null;
  done: Readonly<Partial<Record<ErasureStepName, DoneStep>>>;
  /** What a step that failed waits for, in words. */
  waits: Readonly<Partial<Record<ErasureStepName, string>>>;
  certificate: ErasureCertificate | null;
}

export interface ErasureRecords {
  /** How an erasure stands; null where there is no record of it. */
  read(person: string): Promise<ErasureState | null>;
  /** Changes what is recorded; `change` gives null where there is nothing to change. Resolves to what is recorded then. */
  change(person: string, change: (now: ErasureState | null) => ErasureState | null): Promise<ErasureState | null>;
}

/** States kept of an erasure: one who looks sees how it moved. */
const KEEP = 30;

/** Opens the records. Errors of its functions: those of the store. */
export function openErasureRecords(store: Pick<EventStore, 'append' | 'readStream'>): ErasureRecords {
  const streamOf = (person: string) => `_erasure-${person}`;

  async function last(person: string): Promise<{ state: ErasureState | null; revision: number }> {
    for await (const [event] of store.readStream(streamOf(person), { direction: 'backwards', limit: 1 }))
      if (event) return { state: event.data as ErasureState, revision: event.revision };
    return { state: null, revision: NO_STREAM };
  }

  async function change(person: string, to: (now: ErasureState | null) => ErasureState | null): Promise<ErasureState | null> {
    const { state, revision } = await last(person);
    const next = to(state);
    if (next === null) return state;
    const stream = streamOf(person);
    try {
      await store.append(stream, revision, [{ id: randomUUID(), type: 'ErasureChanged', data: next, metadata: metadata(stream) }], { keep: KEEP });
      return next;
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      return change(person, to);
    }
  }

  return { read: async (person) => (await last(person)).state, change };
}

/** The change that records a step as done; null where it is. */
export function stepDone(done: DoneStep) {
  return (now: ErasureState | null): ErasureState | null => {
    if (!now || now.done[done.step]) return null;
    const { [done.step]: _over, ...waits } = now.waits;
    return { ...now, done: { ...now.done, [done.step]: done }, waits };
  };
}

/** The change that records what a step waits for; null where that is known, or the step is done. */
export function stepWaits(step: ErasureStepName, waitsFor: string) {
  return (now: ErasureState | null): ErasureState | null =>
    !now || now.done[step] || now.waits[step] === waitsFor ? null : { ...now, waits: { ...now.waits, [step]: waitsFor } };
}

/** An erasure as it is shown while it is under way. `begun`: from the list, where there is no record yet. */
export function statusOf(state: ErasureState | null, begun: { person: string; at: string }): ErasureStatus {
  return {
    status: 'under_way',
    person: begun.person,
    requestedAt: begun.at,
    steps: ERASURE_STEP_NAMES.map((step) => ({ step, at: state?.done[step]?.at ?? null, waitsFor: state?.waits[step] ?? null })),
  };
}
