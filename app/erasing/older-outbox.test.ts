import { expect, it } from 'vitest';
import type { SearchedErasure } from '../../notifier/mailer/outbox/searched.ts';
import { openErasureList } from '../../platform/erasing/erasure-list.ts';
import { openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { emptyOlderOutbox } from './older-outbox.ts';

const [ANN, BEN, CAL, DAN] = ['a', 'b', 'c', 'd'] as const;
const AT = '2026-01-01T00:00:00.000Z';

it('empties an outbox up to the last erasure that it was not searched for, of those whose search is over', async () => {
  const store = inMemoryStore();
  const [list, records] = [openErasureList(store), openErasureRecords(store)];
  const searchedAt = { [ANN]: '2026-01-01T00:01:00.000Z', [BEN]: '2026-01-01T00:02:00.000Z', [CAL]: '2026-01-01T00:03:00.000Z' };
  for (const person of [ANN, BEN, CAL, DAN]) {
    await list.add({ state: 'begun', person, by: ANN, at: AT });
    await list.add({ state: 'forgotten', person, keys: [], at: AT });
    const at = searchedAt[person as keyof typeof searchedAt];
    const done = at === undefined ? {} : { outbox: { step: 'outbox' as const, what: '', where: '', count: 0, at } };
    const state = { person, keys: [], requestedBy: ANN, requestedAt: AT, forgottenAt: AT, waits: {}, certificate: null };
    await records.change(person, () => ({ ...state, done }));
  }
  const noted = new Set<string>([CAL]);
  const emptied: string[] = [];
  const outbox = {
    notSearched: <E extends SearchedErasure>(erasures: readonly E[]) => erasures.filter(({ person }) => !noted.has(person)),
    emptyUntil: async (time: string, erasures: readonly SearchedErasure[]) => {
      emptied.push(time);
      for (const { person } of erasures) noted.add(person);
      return 7;
    },
  };
  const again = () => emptyOlderOutbox({ list: openErasureList(store), records }, outbox);
  expect([await again(), await again()]).toEqual([7, 0]);
  // The mails after the search of Ben stay. Of Dan, it is still to be searched.
  expect(emptied).toEqual([searchedAt[BEN]]);
  expect([...noted].toSorted()).toEqual([ANN, BEN, CAL]);
});
