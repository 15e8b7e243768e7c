/** An older backup of the secrets, against what the log says of erasures. */
import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { openErasureList } from '../../platform/erasing/erasure-list.ts';
import { type ErasureState, openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { keyName, type OpeningKey, PersonKeyMissing } from '../../platform/sealing/person-keys.ts';
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

  const key = createSecretKey(Buffer.alloc(32));
  const inBackup = new Map<string, OpeningKey>([
    [userReference(ANN), key],
    [userReference(BEN), 'destroyed'],
    [userReference(DAN), key],
    [userReference(EVE), key],
  ]);
  const destroyed: [readonly string[], string, boolean | undefined][] = [];
  const [renewed, freed]: [string[], string[][]] = [[], []];
  const removed: [string, string][] = [];
  const texts = {
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
        toOpen: async (wanted) =>
          new Map(wanted.map(({ of, generation }) => [keyName(of, generation), inBackup.get(of) ?? new PersonKeyMissing({ of, generation })])),
        destroy: async (people, at, closes) => {
          destroyed.push([people, at, closes]);
          for (const one of people) inBackup.set(one, 'destroyed');
        },
        rotateSnapshots: async ({ at }) => void renewed.push(at),
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
  expect(freed).toEqual(Array(2).fill([ANN, BEN, CAL].flatMap(keysOf)));
});
