/** Erasing, on a store in memory: what is destroyed when, by whom, and again after a kill. */
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ERASURE_STEP_NAMES, ERASURE_STEPS, type ErasureCertificate, type ErasureStepName } from '../../contracts/erasure.ts';
import { inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { type ErasingOptions, type ErasureSteps, startErasing } from './erase.ts';
import { openErasureList } from './erasure-list.ts';
import { type ErasureState, openErasureRecords, statusOf } from './erasure-record.ts';
import type { ErasureLead } from './lead.ts';

const ANN = '00000000-0000-4000-8000-00000000000a';
const BEN = '00000000-0000-4000-8000-00000000000b';
const log = pino({ level: 'silent' });
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function world() {
  const store = inMemoryStore();
  const records = openErasureRecords(store);
  const list = openErasureList(store);
  const taken: string[] = [];
  const steps = (but: ErasureSteps = {}): ErasureSteps => ({
    ...Object.fromEntries(
      ERASURE_STEP_NAMES.map((step) => [
        step,
        async ({ person }: ErasureState) => {
          taken.push(`${step} ${person.at(-1)}`);
          return { count: 1, where: 'here' };
        },
      ]),
    ),
    ...but,
  });
  const lead: ErasureLead = {
    keysOf: async (person) => [`user:${person}`],
    settled: async () => {
      taken.push('settled');
    },
    heard: async () => {
      await list.readOn();
      taken.push(`heard ${[...list.destroyed().keys()].map((person) => person.at(-1))}`);
    },
    free: async ({ person }) => {
      taken.push(`free ${person.at(-1)}`);
    },
    certify: async ({ person }) => ({ person, certifiedAt: 'then' }) as ErasureCertificate,
  };
  const run = (options: Partial<ErasingOptions> = {}, leads = true) => {
    const own = { list: openErasureList(store), records, log, steps: steps(), every: 5, pause: 5, ...(leads ? { lead } : {}) };
    const erasing = startErasing({ ...own, ...options });
    stops.push(erasing.stop);
    return erasing;
  };
  const begin = (person: string) => list.add({ state: 'begun', person, by: 'admin', at: '2026-01-01T00:00:00.000Z' });
  const certificate = async (person: string) => (await records.read(person))?.certificate ?? null;
  return { store, records, list, taken, steps, lead, run, begin, certificate };
}

describe('an erasure', () => {
  it('takes what is read before the keys, then the keys, has everybody forget, takes the rest, and certifies once', async () => {
    const { begin, run, taken, certificate, list } = world();
    await begin(ANN);
    run();
    await vi.waitFor(async () => expect(await certificate(ANN)).not.toBeNull());
    const names = taken.map((one) => one.split(' ')[0] ?? '');
    const when = (name: string) => ERASURE_STEPS[name as ErasureStepName]?.when ?? name;
    expect(names.map(when)).toEqual(['before', 'before', 'keys', 'settled', 'heard', 'free', ...Array(5).fill('after'), 'last']);
    // The rest is made anew by processes that have dropped what they remembered of the person.
    expect(taken).toContain('heard a');
    await vi.waitFor(async () => {
      await list.readOn();
      expect([list.open(), list.destroyed().get(ANN)?.keys]).toEqual([[], [`user:${ANN}`]]);
    });
  });

  it('that is stuck holds no other one, says what it waits for, and goes on', async () => {
    const { begin, run, steps, records, certificate } = world();
    let isAway = true;
    const files = async ({ person }: ErasureState) => {
      if (isAway && person === ANN) throw new Error('the files are away');
      return { count: 0, where: 'here' };
    };
    await Promise.all([begin(ANN), begin(BEN)]);
    run({ steps: steps({ files }) });
    await vi.waitFor(async () => expect(await certificate(BEN)).not.toBeNull());
    await vi.waitFor(async () => {
      const { steps: shown } = statusOf(await records.read(ANN), { person: ANN, at: '' });
      expect(shown.filter(({ at }) => at === null)).toEqual([{ step: 'files', at: null, waitsFor: 'the files are away' }]);
    });
    isAway = false;
    await vi.waitFor(async () => expect(await certificate(ANN)).not.toBeNull());
    expect((await records.read(ANN))?.waits).toEqual({});
  });

  it('that an older release left without its entry that everybody forgets is listed all the same', async () => {
    const { begin, run, records, list } = world();
    await begin(ANN);
    const at = '2026-01-01T00:00:00.000Z';
    const state = { person: ANN, requestedBy: 'admin', requestedAt: at, keys: [`user:${ANN}`], forgottenAt: at };
    await records.change(ANN, () => ({ ...state, done: {}, waits: {}, certificate: null }));
    run({ steps: {} });
    await vi.waitFor(async () => {
      await list.readOn();
      expect(list.destroyed().get(ANN)).toEqual({ keys: [`user:${ANN}`], at });
    });
  });

  it('is done by several processes, each with its own steps, and begun twice it is one', async () => {
    const { begin, run, steps, certificate, taken, store } = world();
    const { files, outbox, ...others } = steps();
    await Promise.all([begin(ANN), openErasureList(store).add({ state: 'begun', person: ANN, by: 'another', at: '' })]);
    run({ steps: others });
    run({ steps: files ? { files } : {} }, false);
    run({ steps: outbox ? { outbox } : {} }, false);
    await vi.waitFor(async () => expect(await certificate(ANN)).not.toBeNull());
    expect(taken.filter((one) => one === 'keys a')).toHaveLength(1);
  });

  it.each(ERASURE_STEP_NAMES)('goes on where a process was killed in the step %s', async (killed) => {
    const { begin, run, steps, certificate } = world();
    const never = new Promise<never>(() => {});
    const begun = Promise.withResolvers<void>();
    await begin(ANN);
    const hang = async () => {
      begun.resolve();
      return never;
    };
    // Not stopped: it stands still as a killed one does, and has recorded what came before.
    const dead = run({ steps: steps({ [killed]: hang }) });
    await begun.promise;
    stops.splice(stops.indexOf(dead.stop), 1);
    run();
    await vi.waitFor(async () => expect(await certificate(ANN)).not.toBeNull());
  });

  it('has every process forget, also one that takes no step', async () => {
    const { begin, run } = world();
    const forgotten = vi.fn();
    run({ steps: {}, forgotten }, false);
    run();
    await begin(ANN);
    await vi.waitFor(() => expect(forgotten).toHaveBeenCalledWith(1));
    await begin(BEN);
    await vi.waitFor(() => expect(forgotten).toHaveBeenCalledWith(2));
  });
});
