/** The tests of queries: every store of read models answers as a plain array does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, document, MODEL } from './model.fixture.ts';
import { afterOf, findIn } from './plain-array.fixture.ts';
import type { Condition, Document, Find, ReadModels, Stored } from './read-models.ts';

// Few values, so that equal ones meet; among them texts whose order by UTF-16 units differs from that by UTF-8 bytes (U+FF5E, U+1F600).
const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'A',
    'ab',
    'b',
    "'",
    '"',
    '%',
    '_',
    '*',
    '.',
    '[',
    '\\',
    '$a',
    'é',
    'e\u0301',
    '～',
    '😀',
    '😀b',
    '\ud7ff',
    '\ue000',
    '\u{10ffff}',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }).filter((one) => !one.includes('\0')),
);
const number = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(0.5, -1e300, 2 ** 53, 1.1));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 4 });

const documentOf: fc.Arbitrary<Document> = fc.record(
  { text: maybe(text), key: maybe(text), number: maybe(number), labels: fc.array(text, { maxLength: 3 }), words: fc.array(text, { maxLength: 3 }) },
  { requiredKeys: [] },
);

const documents: fc.Arbitrary<Stored[]> = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 2 }), fc.option(documentOf, { nil: null, freq: 9 })), {
    selector: ([id]) => id,
    maxLength: 20,
  })
  .map((all) => all.map(([id, one], index) => ({ id, position: at(index + 1), document: one })));

const range = fc.constantFrom('gte' as const, 'gt' as const, 'lte' as const, 'lt' as const);
const textField = fc.constantFrom('text', 'key');
const textsField = fc.constantFrom('labels', 'words');
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ field: textField, op: fc.constant('eq' as const), value: maybe(text) }),
  fc.record({ field: fc.constant('number'), op: fc.constant('eq' as const), value: maybe(number) }),
  fc.record({ field: textField, op: range, value: text }),
  fc.record({ field: fc.constant('number'), op: range, value: number }),
  fc.record({ field: textField, op: fc.constant('in' as const), value: fc.array(text, { maxLength: 4 }) }),
  fc.record({ field: fc.constant('number'), op: fc.constant('in' as const), value: fc.array(number, { maxLength: 4 }) }),
  fc.record({ field: textsField, op: fc.constant('eq' as const), value: text }),
  fc.record({ field: textsField, op: fc.constant('in' as const), value: fc.array(text, { maxLength: 4 }) }),
  fc.record({ field: textsField, op: range, value: text }),
  fc.record({ field: textsField, op: fc.constant('prefix' as const), value: text }),
);

const query: fc.Arbitrary<Find> = fc.record({
  where: fc.array(condition, { maxLength: 2 }),
  sort: fc.uniqueArray(fc.record({ field: fc.constantFrom('text', 'key', 'number'), descending: fc.boolean() }), {
    selector: ({ field }) => field,
    maxLength: 3,
  }),
  limit: fc.integer({ min: 1, max: 7 }),
});

export function describeFind(store: () => ReadModels, runs: number): void {
  describe('find', () => {
    /** Makes a generation that queries read: half of it is written before that, half after. */
    async function filled(all: Stored[]): Promise<number> {
      const generation = await store().begin(MODEL);
      const half = all.length >> 1;
      await store().write(MODEL, generation, all.slice(0, half), { position: at(half), eventId: 'half' });
      await store().update(MODEL, { generation });
      await store().write(MODEL, generation, all.slice(half), { position: at(all.length), eventId: 'last' });
      return generation;
    }

    /** The pages of a query, one after the other, until one is short. */
    async function* pages(generation: number, first: Find): AsyncGenerator<Stored[]> {
      let next: Find = first;
      for (;;) {
        const page = await store().find(MODEL, generation, next);
        yield page;
        const last = page.at(-1);
        if (!last || page.length < first.limit) return;
        next = { ...first, after: afterOf(last, first) };
      }
    }

    test('answers as a plain array does, its pages give each document once, in order, and as many are counted', async () => {
      const property = fc.asyncProperty(documents, fc.array(query, { minLength: 1, maxLength: 8 }), async (all, queries) => {
        const generation = await filled(all);
        for (const one of queries) {
          const found: Stored[] = [];
          for await (const page of pages(generation, one)) found.push(...page);
          const matching = findIn(all, { ...one, limit: 1_000 });
          expect(found).toEqual(matching);
          for (const most of [one.limit, 1_000])
            expect(await store().count(MODEL, generation, { where: one.where, most })).toBe(Math.min(matching.length, most));
        }
      });
      await fc.assert(property, { numRuns: runs });
    });

    test('goes on after a place where no document is any more', async () => {
      const property = fc.asyncProperty(documents, query, documentOf, fc.string({ maxLength: 2 }), async (all, one, gone, id) => {
        const generation = await filled(all);
        const after = afterOf({ id, position: '', document: gone }, one);
        expect(await store().find(MODEL, generation, { ...one, after })).toEqual(findIn(all, { ...one, after }));
      });
      await fc.assert(property, { numRuns: runs });
    });

    test('sees documents as they are now, not as they were', async () => {
      const property = fc.asyncProperty(documents, fc.array(documentOf, { maxLength: 20 }), condition, async (all, changes, where) => {
        const generation = await filled(all);
        const changed = changes.flatMap((change, index) => {
          const { id } = all[index] ?? {};
          return id === undefined ? [] : [{ id, position: at(100 + index), document: change }];
        });
        await store().write(MODEL, generation, changed, { position: at(200), eventId: 'later' });
        const now = all.map((one, index) => changed[index] ?? one);
        const one: Find = { where: [where], sort: [], limit: 100 };
        expect(await store().find(MODEL, generation, one)).toEqual(findIn(now, one));
      });
      await fc.assert(property, { numRuns: runs });
    });

    test('without a sort order, goes by id, in the order of UTF-8 bytes', async () => {
      const generation = await filled([document('😀', 1), document('～', 2), document('a', 3), document('B', 4)]);
      const found = await store().find(MODEL, generation, { where: [], sort: [], limit: 10 });
      expect(found.map(({ id }) => id)).toEqual(['B', 'a', '～', '😀']);
    });

    test('puts null first, and last when descending', async () => {
      const generation = await filled([document('a', 1, { key: 'x' }), document('b', 2, { key: null }), document('c', 3, { key: '' })]);
      const ids = async (descending: boolean) =>
        (await store().find(MODEL, generation, { where: [], sort: [{ field: 'key', descending }], limit: 10 })).map(({ id }) => id);
      expect(await ids(false)).toEqual(['b', 'c', 'a']);
      expect(await ids(true)).toEqual(['a', 'c', 'b']);
    });

    test('fields that the generation was made without are read from its documents', async () => {
      const all = [document('a', 1, { later: 2, tags: ['old'] }), document('b', 2, { later: 1, tags: [] }), document('c', 3)];
      const generation = await filled(all);
      const newer = { ...MODEL, version: 2, fields: { ...MODEL.fields, later: 'number' as const, tags: 'texts' as const } };
      const found = async (one: Partial<Find>) => {
        const documents = await store().find(newer, generation, { where: [], sort: [], limit: 10, ...one });
        return documents.map(({ id }) => id);
      };
      expect(await found({ sort: [{ field: 'later', descending: false }] })).toEqual(['c', 'b', 'a']);
      expect(await found({ where: [{ field: 'later', op: 'gte', value: 2 }] })).toEqual(['a']);
      expect(await found({ where: [{ field: 'tags', op: 'prefix', value: 'o' }] })).toEqual(['a']);
    });

    test.each<[string, Partial<Find>]>([
      ['a condition on an undeclared field', { where: [{ field: 'nobody', op: 'eq', value: 1 }] }],
      ['a condition on what every object has', { where: [{ field: 'constructor', op: 'eq', value: 1 }] }],
      ['a value of another kind', { where: [{ field: 'number', op: 'eq', value: 'one' }] }],
      ['null for texts', { where: [{ field: 'labels', op: 'eq', value: null }] }],
      ['a prefix of a single text', { where: [{ field: 'text', op: 'prefix', value: 'a' }] }],
      ['an undeclared sort field', { sort: [{ field: 'x"; DROP TABLE suite_1; --', descending: true }] }],
      ['sorting by texts', { sort: [{ field: 'labels', descending: true }] }],
      ['too few values to go on after', { sort: [{ field: 'text', descending: true }], after: { values: [], id: 'a' } }],
      ['no limit', { limit: 0 }],
    ])('refuses %s', async (_, wrong) => {
      const generation = await filled([document('a', 1)]);
      await expect(store().find(MODEL, generation, { where: [], sort: [], limit: 1, ...wrong })).rejects.toThrow(TypeError);
    });

    test('refuses to count by what it refuses to find by, and nothing', async () => {
      const generation = await filled([document('a', 1)]);
      for (const wrong of [
        { where: [{ field: 'nobody', op: 'eq' as const, value: 1 }], most: 1 },
        { where: [], most: 0 },
      ])
        await expect(store().count(MODEL, generation, wrong)).rejects.toThrow(TypeError);
    });
  });
}
