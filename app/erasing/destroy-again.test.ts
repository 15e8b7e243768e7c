/** An older backup of the secrets, against what the log says of erasures. */
import { expect, it } from 'vitest';
import { openErasureList } from '../../platform/erasing/erasure-list.ts';
import { type ErasureState, openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { keysInMemory } from '../../platform/sealing/person-keys.fixture.ts';
import { userReference } from '../../platform/sealing/person-reference.ts';
import { destroyAgain } from './destroy-again.ts';

const [ANN, BEN, CAL, DAN, EVE] = ['a', 'b', 'c', 'd', 'e'].map((one) => `00000000-0000-4000-8000-00000000000${one}`) as [
  string,
  string,
  string,
  string,
  string,
];
const AT = '2026-01-01T00:00:00.000Z';

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
  const texts = {
    people: async () => new Set<string>(),
    remove: async (...of: [string, string]) => {
      removed.push(of);
      return 1;
    },
  };
  const again = () =>
    destroyAgain({
      texts,
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
  expect(await again()).toBe(3);
  // What is under way is closed until everybody has forgotten; whoever is certified, or only to be certified, has let go.
  expect(destroyed).toEqual([ANN, CAL, DAN].map((person) => [keysOf(person), AT, person === DAN]));
  expect(renewed).toEqual([AT, AT, AT]);
  // Of whom the outbox was searched, no text is needed any more that the backup may have.
  expect(removed).toEqual([[ANN, AT]]);
  expect(await again()).toBe(0);
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
  expect(await destroyAgain({ list, records, keys, texts })).toBe(2);
  expect(keys.people()).toEqual([]);
  // Of Cal, the outbox is still to be searched.
  expect(kept).toEqual(new Set([CAL]));
  expect(await destroyAgain({ list, records, keys, texts })).toBe(0);
});
