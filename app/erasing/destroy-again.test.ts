/** An older backup of the secrets, against what the log says of erasures. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ErasureStepName } from '../../contracts/erasure.ts';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import { type Secrets, SecretsUnavailable } from '../../gateway/identity/secrets/secrets.ts';
import { openErasureList } from '../../platform/erasing/erasure-list.ts';
import { type ErasureState, openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { hmacForTests as hmac, keysInMemory } from '../../platform/sealing/person-keys.fixture.ts';
import { addressReference, userReference } from '../../platform/sealing/person-reference.ts';
import { destroyKeysAgain, type KeysBefore, type RecordsBefore, removeRecordsAgain } from './destroy-again.ts';
import { type FromSecrets, fromSecrets } from './from-secrets.ts';

const [ANN, BEN, CAL, DAN, EVE] = ['a', 'b', 'c', 'd', 'e'].map((one) => `00000000-0000-4000-8000-00000000000${one}`) as [
  string,
  string,
  string,
  string,
  string,
];
const AT = '2026-01-01T00:00:00.000Z';

/** What a start does, and with how many people. */
async function bothAgain(context: KeysBefore & RecordsBefore): Promise<[keys: number, records: number]> {
  return [await destroyKeysAgain(context), await removeRecordsAgain(context)];
}

/** Secrets with texts to look for, and nothing else. */
function removingOnly(texts: Pick<FromSecrets['texts'], 'people' | 'remove'>): FromSecrets {
  const notes = { note: async () => {}, lacking: async <E>(erasures: readonly E[]) => [...erasures] };
  return { access: async () => [], audit: async () => [], texts: texts as FromSecrets['texts'], notes, purge: async () => {} };
}

it('destroys the keys again of who was erased since, and of whom it knows nothing, and leaves everybody else alone', async () => {
  const store = inMemoryStore();
  const [list, records] = [openErasureList(store), openErasureRecords(store)];
  const keysOf = (person: string) => [userReference(person), `address:${person}`];
  for (const person of [ANN, BEN, CAL, DAN, EVE]) await list.add({ state: 'begun', person, by: ANN, at: AT });
  for (const person of [ANN, BEN, CAL]) await list.add({ state: 'forgotten', person, keys: keysOf(person), at: AT });
  await list.add({ state: 'certified', person: ANN, at: AT });
  const state = { requestedBy: ANN, requestedAt: AT, forgottenAt: null, waits: {}, certificate: null };
  const keys = { step: 'keys', what: '', where: '', count: 1, at: AT } as const;
  const outbox = { ...keys, step: 'outbox' } as const;
  await records.change(ANN, (): ErasureState => ({ ...state, person: ANN, keys: keysOf(ANN), done: { keys, outbox } }));
  for (const person of [BEN, CAL])
    await records.change(person, (): ErasureState => ({ ...state, person, keys: keysOf(person), forgottenAt: AT, done: { keys } }));
  await records.change(DAN, (): ErasureState => ({ ...state, person: DAN, keys: keysOf(DAN), done: { keys } }));
  await records.change(EVE, (): ErasureState => ({ ...state, person: EVE, keys: keysOf(EVE), done: {} }));

  /** The keys that the backup calls destroyed. */
  const inBackup = new Set(keysOf(BEN));
  const destroyed: [readonly string[], string, boolean | undefined][] = [];
  const [renewed, freed]: [string[], string[][]] = [[], []];
  const stillOpen: string[][] = [];
  const removed: [string, string][] = [];
  const kept = new Set([ANN, CAL]);
  const texts = {
    people: async () => kept,
    remove: async (...of: [string, string]) => {
      removed.push(of);
      return Number(kept.delete(of[0]));
    },
  };
  const again = () =>
    bothAgain({
      removing: removingOnly(texts),
      ...{ list: openErasureList(store), records },
      keys: {
        notDestroyed: async (erasures) => erasures.filter((one) => !one.keys.every((of) => inBackup.has(of))),
        destroy: async (people, at, closes) => {
          destroyed.push([people, at, closes]);
          for (const one of people) inBackup.add(one);
        },
        rotateSnapshots: async ({ at }) => void renewed.push(at),
        freeAllBut: async (open) => void stillOpen.push((await open()).map(({ person }) => person)),
        free: async (erasures) => void freed.push(erasures.flatMap((one) => one.keys)),
      },
    });
  expect(await again()).toEqual([3, 1]);
  // What is under way is closed until everybody has forgotten; whoever is certified, or only to be certified, has let go.
  expect(destroyed).toEqual([ANN, CAL, DAN].map((person) => [keysOf(person), AT, person === DAN]));
  expect(renewed).toEqual([AT, AT, AT]);
  // Of whom the outbox was searched, no text is needed any more that the backup may have.
  expect(removed).toEqual([[ANN, AT]]);
  expect(await again()).toEqual([0, 0]);
  expect(stillOpen).toEqual(Array(2).fill([BEN, CAL, DAN, EVE]));
  expect(freed).toEqual(Array(2).fill([ANN, BEN, CAL].flatMap(keysOf)));
});

it('destroys and removes what a backup from the middle of an erasure brings back: an address, and texts that were looked for', async () => {
  const store = inMemoryStore();
  const [list, records, keys] = [openErasureList(store), openErasureRecords(store), keysInMemory()];
  const done = (step: 'keys' | 'outbox') => ({ step, what: '', where: '', count: 1, at: AT });
  for (const person of [ANN, BEN, CAL]) {
    const own = [userReference(person), `address:${person}`];
    await list.add({ state: 'begun', person, by: ANN, at: AT });
    await list.add({ state: 'forgotten', person, keys: own, at: AT });
    const state = { person, keys: own, requestedBy: ANN, requestedAt: AT, forgottenAt: AT, waits: {}, certificate: null };
    await records.change(person, () => ({ ...state, done: { keys: done('keys'), ...(person === CAL ? {} : { outbox: done('outbox') }) } }));
  }
  await keys.destroy([userReference(ANN), userReference(BEN), `address:${BEN}`, userReference(CAL), `address:${CAL}`], AT);
  await keys.toSeal([`address:${ANN}`]);
  const kept = new Set([BEN, CAL]);
  const texts = { people: async () => kept, remove: async (person: string) => Number(kept.delete(person)) };
  const removing = removingOnly(texts);
  expect(await bothAgain({ list, records, keys, removing })).toEqual([1, 1]);
  expect(keys.people()).toEqual([]);
  // Of Cal, the outbox is still to be searched.
  expect(kept).toEqual(new Set([CAL]));
  expect(await bothAgain({ list, records, keys, removing })).toEqual([0, 0]);
});

describe('with records in the secrets', () => {
  let dataDir: string;
  let secrets: Secrets;
  const store = inMemoryStore();
  const [list, records, keys] = [openErasureList(store), openErasureRecords(store), keysInMemory()];
  const step = (name: ErasureStepName) => ({ step: name, what: '', where: '', count: 1, at: AT });
  const done = (...names: ErasureStepName[]) => Object.fromEntries(names.map((name) => [name, step(name)]));
  const own = (person: string) => [userReference(person), addressReference(`${person}@example.org`, hmac)];
  const forgotten: string[] = [];
  const purge = vi.fn(async () => {});
  const again = () => {
    const identity = {
      onUserDeleted: async (person: string) => {
        forgotten.push(person);
        for (const { key } of await secrets.list('sessions', person)) await secrets.delete('sessions', key);
      },
    };
    const removing = fromSecrets({ secrets: { ...secrets, purge }, identity, personKeys: keys, hmac });
    return bothAgain({ list: openErasureList(store), records, keys, removing });
  };
  /** Puts back what an older backup has of everybody. */
  const restored = async () => {
    forgotten.length = 0;
    purge.mockClear();
    for (const person of [ANN, BEN, CAL, DAN]) {
      await secrets.put('sessions', { key: `session of ${person}`, value: 1, owner: person });
      const who = { issuer: 'i', subject: person, email: `${person}@example.org` };
      await secrets.put('sign-ins', { key: `sign-in of ${person}`, value: { who, isUsed: false }, owner: 'sign-in' });
      const entries = [{ user: person, about: person, network: '192.0.2.7' }];
      await secrets.put('audit', { key: `audit of ${person}`, value: { entries }, owner: 'day' });
    }
  };
  /** Of whom there is what. */
  const there = async () => {
    const sessions = (await Promise.all([ANN, BEN, CAL, DAN].map((person) => secrets.list('sessions', person)))).flat();
    const signIns = await secrets.list('sign-ins', 'sign-in');
    const audit = await secrets.list<{ entries: { user: string; network: string }[] }>('audit', 'day');
    const networks = audit.filter(({ value }) => value.entries[0]?.network !== '');
    return [sessions, signIns, networks].map((some) => some.map(({ key }) => key.split(' ').at(-1)).toSorted());
  };
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'destroy-again-'));
    secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
    const state = { requestedBy: ANN, requestedAt: AT, forgottenAt: null, waits: {}, certificate: null };
    for (const person of [ANN, BEN, CAL]) {
      await list.add({ state: 'begun', person, by: ANN, at: AT });
      await keys.destroy(own(person), AT);
    }
    await list.add({ state: 'forgotten', person: ANN, keys: own(ANN), at: AT });
    await list.add({ state: 'certified', person: ANN, at: AT });
    await records.change(BEN, () => ({ ...state, person: BEN, keys: own(BEN), forgottenAt: AT, done: done('access', 'texts', 'keys', 'audit') }));
    await records.change(CAL, () => ({ ...state, person: CAL, keys: own(CAL), done: done('access') }));
    await keys.rotateSnapshots({ person: ANN, at: AT });
  });
  afterAll(async () => {
    await secrets.close();
    rmSync(dataDir, { recursive: true });
  });

  it('takes each step again that the log calls done, of everybody who is erased, and of nobody else', async () => {
    await restored();
    expect(await again()).toEqual([0, 3]);
    // Of Cal, the audit log is still to come, and Dan was never erased.
    expect(await there()).toEqual([[DAN], [DAN], [CAL, DAN]]);
    expect(forgotten.toSorted()).toEqual([ANN, BEN, CAL]);
    expect(purge).toHaveBeenCalledTimes(1);
  });

  it('looks no more for whoever is certified and was looked for, until a backup from before that', async () => {
    await restored();
    // The note says that nothing is left of Ann: a backup that has it cannot have more.
    expect(await again()).toEqual([0, 2]);
    expect(await there()).toEqual([
      [ANN, DAN],
      [ANN, DAN],
      [ANN, CAL, DAN],
    ]);
    for (const { key } of await secrets.list('erased', ANN)) await secrets.delete('erased', key);
    // While a tool for backups reads the file for good, nothing can be overwritten: a start goes on all the same, and the next one tries it again.
    purge.mockRejectedValueOnce(new SecretsUnavailable('read'));
    expect(await again()).toEqual([0, 1]);
    expect(await secrets.list('erased', ANN)).toEqual([]);
    expect(await there()).toEqual([[DAN], [DAN], [CAL, DAN]]);
    await again();
    expect(await secrets.list('erased', ANN)).toHaveLength(1);
    expect(forgotten).toEqual([BEN, CAL, ANN]);
  });
});
