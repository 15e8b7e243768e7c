/**
 * The erasing of people: in every process that has something to destroy a loop looks at the erasures that are not done, and takes the steps that are its
 * own. What is done is recorded, so that a kill anywhere costs at most one step that is taken twice, and every step may be.
 *
 * Each erasure goes by itself: one whose step fails is tried again after a growing pause, and holds no other one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type DoneStep, ERASURE_STEP_NAMES, ERASURE_STEPS, type ErasureStepName } from '../../contracts/erasure.ts';
import { type AbsencesLog, absencesIn } from '../absences/absences.ts';
import { unavailableIn } from '../absences/unavailable.ts';
import type { ErasureList, ListedErasure } from './erasure-list.ts';
import { type ErasureRecords, type ErasureState, stepDone, stepWaits } from './erasure-record.ts';
import { type ErasureLead, leading } from './lead.ts';

/** What a step has destroyed, and in what kind of store. */
export interface Destroyed {
  count: number;
  where: string;
}

/** Records what a step waits for, in words, while it is at work. Never throws. */
export type TellStep = (waitsFor: string) => void;

/** The steps of a process. Each may be taken again, and several times at once for different people. */
export type ErasureSteps = Partial<Record<ErasureStepName, (state: ErasureState, tell: TellStep) => Promise<Destroyed>>>;

export interface ErasingOptions {
  list: ErasureList;
  records: ErasureRecords;
  log: AbsencesLog;
  steps: ErasureSteps;
  lead?: ErasureLead;
  /** Called in every process with the number of people who are forgotten, whenever that has grown: it drops what it remembers in clear text. */
  forgotten?(people: number): void;
  /** Milliseconds between two looks; default ERASURES_LOOK_EVERY. */
  every?: number;
  /** Milliseconds before a step that failed is tried again, doubled up to 64 times as much; default 1,000. */
  pause?: number;
  now?: () => string;
}

export interface Erasing {
  /** Looks at once. */
  wake(): void;
  stop(): Promise<void>;
}

/** Milliseconds between two looks at the list. */
export const ERASURES_LOOK_EVERY = 500;

/** Begins to erase, until it is stopped. Never rejects: what is away is waited for. */
export function startErasing(options: ErasingOptions): Erasing {
  const {
    list,
    records,
    log,
    steps,
    lead,
    forgotten = () => {},
    every = ERASURES_LOOK_EVERY,
    pause = 1_000,
    now = () => new Date().toISOString(),
  } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const busy = new Map<string, Promise<void>>();
  const failures = new Map<string, { times: number; until: number }>();
  const led = lead && leading({ list, records, lead, now, signal });
  let known = 0;
  let looking = new AbortController();

  /** Takes a step, where it is not to be waited for; how it went is recorded. */
  async function taken(step: ErasureStepName, state: ErasureState, work: NonNullable<ErasureSteps[ErasureStepName]>): Promise<void> {
    const { person } = state;
    const waits = (what: string) => records.change(person, stepWaits(step, what)).catch(() => null);
    if (isPausing(`${person} ${step}`)) return;
    try {
      const { count, where } = await work(state, waits);
      await records.change(person, stepDone({ step, what: ERASURE_STEPS[step].what, where, count, at: now() } satisfies DoneStep));
      failures.delete(`${person} ${step}`);
    } catch (error) {
      failed(`${person} ${step}`, error);
      await waits(inWords(error));
    }
  }

  function isPausing(what: string): boolean {
    return performance.now() < (failures.get(what)?.until ?? 0);
  }

  function failed(what: string, error: unknown): void {
    if (signal.aborted) return;
    const times = (failures.get(what)?.times ?? 0) + 1;
    failures.set(what, { times, until: performance.now() + pause * 2 ** Math.min(times - 1, 6) });
    if (!absencesIn(log).failed(error)) log.warn({ err: error, what }, 'a step of an erasure failed; it is tried again');
  }

  async function advance(listed: ListedErasure): Promise<void> {
    let state = await recordOf(listed);
    // Step by step, so that who takes the last one that was waited for goes on at once.
    for (let before = -1; state && before < progressOf(state) && !signal.aborted; ) {
      before = progressOf(state);
      await Promise.all(ready(state, steps).map(([step, work]) => taken(step, state as ErasureState, work)));
      const now = await records.read(listed.person);
      state = now && led ? await led(now) : now;
    }
  }

  async function recordOf(listed: ListedErasure): Promise<ErasureState | null> {
    const { person, by, at } = listed;
    const found = await records.read(person);
    if (found || !lead) return found;
    const keys = await lead.keysOf(person);
    const begun = { person, requestedBy: by, requestedAt: at, keys, forgottenAt: null, done: {}, waits: {}, certificate: null };
    return records.change(person, (state) => (state ? null : begun));
  }

  async function look(): Promise<void> {
    await list.readOn();
    const people = list.destroyed().size;
    if (people > known) forgotten(people);
    known = people;
    for (const listed of list.open()) {
      const { person } = listed;
      if (busy.has(person) || isPausing(person)) continue;
      const work = advance(listed)
        .catch((error: unknown) => failed(person, error))
        .finally(() => busy.delete(person));
      busy.set(person, work);
    }
  }

  const running = (async () => {
    while (!signal.aborted) {
      looking = new AbortController();
      await look().catch((error: unknown) => failed('the list', error));
      await delay(every, undefined, { signal: AbortSignal.any([signal, looking.signal]), ref: false }).catch(() => {});
    }
  })();

  return {
    wake: () => looking.abort(),
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.all(busy.values());
    },
  };
}

/** How far an erasure is: it grows with each thing that is recorded. */
function progressOf({ done, forgottenAt, certificate }: ErasureState): number {
  return Object.keys(done).length + (forgottenAt === null ? 0 : 1) + (certificate === null ? 0 : 1);
}

/** The steps of a process that are to be taken now. */
function ready(state: ErasureState, steps: ErasureSteps) {
  const own = Object.entries(steps) as [ErasureStepName, NonNullable<ErasureSteps[ErasureStepName]>][];
  return own.filter(([step]) => !state.done[step] && hasTurn(step, state));
}

function hasTurn(step: ErasureStepName, { done, forgottenAt }: ErasureState): boolean {
  switch (ERASURE_STEPS[step].when) {
    case 'before':
      return true;
    case 'keys':
      return ERASURE_STEP_NAMES.every((other) => ERASURE_STEPS[other].when !== 'before' || done[other] !== undefined);
    case 'after':
      return forgottenAt !== null;
    default:
      return done['read-models'] !== undefined;
  }
}

/** What a step waits for, in words that name nobody. */
function inWords(error: unknown): string {
  const away = unavailableIn(error);
  if (away) return away.dependency;
  return error instanceof Error ? error.message.slice(0, 200) : 'an error of unknown kind';
}
