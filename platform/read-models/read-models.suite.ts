/** The tests that every store of read models passes, as `describeReadModels('sqlite', () => openSqliteReadModels(…))`. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeFind } from './find.suite.ts';
import { describeGenerations } from './generations.suite.ts';
import { at, document, MODEL, OTHER, shuffled } from './model.fixture.ts';
import type { ReadModels, Stored } from './read-models.ts';

/**
 * Runs the suite. `open` gives an empty store for each test, which the suite closes. `runs` is the number of random cases for each property
 * (default 100): fewer where a query costs more.
 */
export function describeReadModels(name: string, open: () => Promise<ReadModels>, { runs = 100 }: { runs?: number } = {}): void {
  describe(`read models: ${name}`, () => {
    let store: ReadModels;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    describeWrite(() => store);
    describeFind(() => store, runs);
    describeGenerations(() => store);
  });
}

function describeWrite(store: () => ReadModels): void {
  describe('write', () => {
    async function allOf(generation: number): Promise<Stored[]> {
      const found = await store().get(MODEL, generation, ['a', 'b', 'c', 'd']);
      return found.sort((x, y) => (x.id < y.id ? -1 : 1));
    }

    test('keeps documents as they are, whatever is in them', async () => {
      const generation = await store().begin(MODEL);
      const strange = {
        text: `it's "quoted" \\ %_ ; DROP TABLE x; -- 😀 é e\u0301 \u{10ffff} \ud7ff\ue000 \uffff \u2028 \n`,
        labels: ['', "'", '"', '😀', '__proto__', 'a', 'a'],
        nested: { list: [1, -1.5, 1e300, null, true, { deep: ['x'] }], empty: {}, none: [] },
        number: Number.MAX_SAFE_INTEGER,
      };
      const stored = { id: '😀\'"%', position: at(1), document: strange };
      await store().write(MODEL, generation, [stored], { position: at(1), eventId: 'e1' });
      expect(await store().get(MODEL, generation, [stored.id])).toEqual([stored]);
    });

    test('answers ids once each, and leaves out those that are not there', async () => {
      const generation = await store().begin(MODEL);
      await store().write(MODEL, generation, [document('a', 1), document('b', 2)], { position: at(2), eventId: 'e2' });
      const found = await store().get(MODEL, generation, ['b', 'nobody', 'b', 'a']);
      expect(found.map(({ id }) => id).sort()).toEqual(['a', 'b']);
      expect(await store().get(MODEL, generation, [])).toEqual([]);
    });

    test('repeated, changes nothing', async () => {
      const generation = await store().begin(MODEL);
      const documents = [document('a', 1), document('b', 2), { id: 'c', position: at(3), document: null }];
      await store().write(MODEL, generation, documents, { position: at(3), eventId: 'e3' });
      const before = [await allOf(generation), await store().state(MODEL, generation)];
      await store().write(MODEL, generation, documents, { position: at(3), eventId: 'e3' });
      expect([await allOf(generation), await store().state(MODEL, generation)]).toEqual(before);
    });

    test('never replaces a newer document by an older one, in whatever order they come', async () => {
      const newest = [document('a', 7), { id: 'b', position: at(8), document: null }, document('c', 9)];
      const older = [document('a', 1), document('b', 2), document('c', 3), { id: 'a', position: at(4), document: null }, document('c', 5)];
      for (let round = 0; round < 5; round++) {
        const generation = await store().begin(MODEL);
        for (const one of shuffled([...older, ...newest])) {
          await store().write(MODEL, generation, [one], { position: one.position, eventId: `e${one.position}` });
        }
        expect(await allOf(generation)).toEqual(newest);
        expect((await store().state(MODEL, generation))?.checkpoint).toEqual({ position: at(9), eventId: `e${at(9)}` });
      }
    });

    test('takes the newest of several of the same id in one call', async () => {
      const generation = await store().begin(MODEL);
      await store().write(MODEL, generation, [document('a', 1), document('a', 3), document('a', 2)], { position: at(3), eventId: 'e3' });
      expect(await allOf(generation)).toEqual([document('a', 3)]);
    });

    test('finds a document by the texts it has in the end, however often it changed in one call', async () => {
      const generation = await store().begin(MODEL);
      const changes = [['x', 'y'], ['y'], ['y', 'z', 'z'], [], ['z', 'x'], ['z']].map((labels, n) => document('a', n + 1, { labels }));
      await store().write(MODEL, generation, [...changes, document('b', 7, { labels: ['x'] })], { position: at(7), eventId: 'e7' });
      const labelled = async (value: string) => {
        const found = await store().find(MODEL, generation, { where: [{ field: 'labels', op: 'eq', value }], sort: [], limit: 10 });
        return found.map(({ id }) => id);
      };
      expect([await labelled('x'), await labelled('y'), await labelled('z')]).toEqual([['b'], [], ['a']]);
    });

    test('moves the checkpoint without documents, and never back', async () => {
      const generation = await store().begin(MODEL);
      await store().write(MODEL, generation, [], { position: at(5), eventId: 'e5' });
      await store().write(MODEL, generation, [], { position: at(4), eventId: 'e4' });
      expect((await store().state(MODEL, generation))?.checkpoint).toEqual({ position: at(5), eventId: 'e5' });
    });

    test('a tombstone is kept, is not found, and an even newer document takes its place', async () => {
      const generation = await store().begin(MODEL);
      const all = { where: [], sort: [], limit: 10 };
      const labelled = { ...all, where: [{ field: 'labels', op: 'eq' as const, value: 'x' }] };
      await store().write(MODEL, generation, [document('a', 1, { labels: ['x'] })], { position: at(1), eventId: 'e1' });
      await store().write(MODEL, generation, [{ id: 'a', position: at(2), document: null }], { position: at(2), eventId: 'e2' });
      expect(await allOf(generation)).toEqual([{ id: 'a', position: at(2), document: null }]);
      expect(await store().find(MODEL, generation, all)).toEqual([]);
      expect(await store().find(MODEL, generation, labelled)).toEqual([]);

      const back = document('a', 3, { labels: ['x'] });
      await store().write(MODEL, generation, [back], { position: at(3), eventId: 'e3' });
      expect(await store().find(MODEL, generation, labelled)).toEqual([back]);
    });

    test('a value of another kind than declared is refused, and nothing of that call is written as if it were done', async () => {
      const generation = await store().begin(MODEL);
      for (const wrong of [{ text: 1 }, { number: 'one' }, { labels: 'x' }, { labels: [1] }]) {
        const call = store().write(MODEL, generation, [document('a', 1, wrong)], { position: at(1), eventId: 'e1' });
        await expect(call).rejects.toThrow(TypeError);
      }
      expect((await store().state(MODEL, generation))?.checkpoint.position).toBe('');
      expect(await allOf(generation)).toEqual([]);
    });

    test('models do not see each other', async () => {
      const [generation, other] = [await store().begin(MODEL), await store().begin(OTHER)];
      await store().write(MODEL, generation, [document('a', 1)], { position: at(1), eventId: 'e1' });
      expect(await store().get(OTHER, other, ['a'])).toEqual([]);
      expect((await store().state(OTHER, other))?.checkpoint.position).toBe('');
    });
  });
}
