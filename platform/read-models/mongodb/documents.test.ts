import { type AnyBulkWriteOperation, type BulkWriteResult, MongoBulkWriteError } from 'mongodb';
import { expect, it } from 'vitest';
import { gate } from '../../concurrency/gate.ts';
import type { MongoServer } from '../../connections/mongodb/connect.ts';
import { shuffled } from '../model.fixture.ts';
import { documentsIn } from './documents.ts';
import type { MongoDocument } from './find.ts';

/** A server that finds only single documents fast, with a gate for these; `answer` is called with the number of queries under way. */
function scanningServer(answer: (underWay: number, asked: number) => void) {
  let underWay = 0;
  let asked = 0;
  const findOne = async ({ _id }: { _id: string }) => {
    answer(++underWay, ++asked);
    await new Promise(setImmediate);
    underWay--;
    return { _id, position: '1', document: {} };
  };
  const db = { collection: () => ({ findOne }) } as unknown as MongoServer['db'];
  const oneGate = gate(8);
  return { server: { db, atomic: false, scans: true, singly: () => oneGate }, asked: () => asked };
}

const ids = (count: number) => Array.from({ length: count }, (_, n) => `id-${n}`);

it('asks for many documents by their ids a few at once, all read models of a process together', async () => {
  let most = 0;
  const { server } = scanningServer((underWay) => {
    most = Math.max(most, underWay);
  });
  const models = ['one', 'two', 'three'].map((name) => documentsIn(server, name));
  const found = await Promise.all(models.map((documents) => documents.get(ids(500))));
  expect(found.map((documents) => documents.map(({ id }) => id))).toEqual(models.map(() => ids(500)));
  expect(most).toBe(8);
});

it('asks for no more documents once one could not be read', async () => {
  const { server, asked } = scanningServer((_, nth) => {
    if (nth === 10) throw new Error('no connection');
  });
  await expect(documentsIn(server, 'one').get(ids(500))).rejects.toThrow('no connection');
  await new Promise(setImmediate);
  expect(asked()).toBeLessThan(30);
});

/** A collection whose updates are single steps, and between two of which others come. */
function atomicServer() {
  const kept = new Map<string, MongoDocument>();
  const asked: string[] = [];

  async function each<T>(what: string, list: readonly T[], one: (it: T) => boolean): Promise<{ matchedCount: number }> {
    asked.push(what);
    const duplicates: { index: number; code: number }[] = [];
    for (const [index, it] of list.entries()) {
      await new Promise(setImmediate);
      if (!one(it)) duplicates.push({ index, code: 11_000 });
    }
    if (duplicates.length === 0) return { matchedCount: list.length };
    throw new MongoBulkWriteError({ message: 'E11000', code: 11_000, writeErrors: duplicates as never }, {} as BulkWriteResult);
  }

  function insertOne(one: MongoDocument): boolean {
    if (kept.has(one._id)) return false;
    kept.set(one._id, one);
    return true;
  }

  function replaceOne({ replaceOne: it }: { replaceOne: { replacement: MongoDocument; upsert?: boolean } }): boolean {
    const there = kept.get(it.replacement._id);
    if (!there || there.position >= it.replacement.position) return it.upsert ? insertOne(it.replacement) : true;
    kept.set(it.replacement._id, it.replacement);
    return true;
  }

  const collection = {
    insertMany: (list: MongoDocument[]) => each('insert', list, insertOne),
    bulkWrite: (list: AnyBulkWriteOperation<MongoDocument>[]) => each('update', list as never[], replaceOne),
    find: () => asked.push('find'),
    findOne: () => asked.push('find'),
  };
  const db = { collection: () => collection } as unknown as MongoServer['db'];
  return { documents: documentsIn({ db, atomic: true, scans: false, singly: () => gate(8) }, 'one'), kept, asked };
}

const HOW = { mostlyNew: false, positions: new Map(), stillOurs: () => {} };
const at = (n: number) => String(n).padStart(4, '0');
const stored = (id: number, n: number) => ({ id: `id-${id}`, position: at(n), document: { n } });

it('looks up nothing before it writes where updates are single steps: one request for what changed, or is new', async () => {
  const { documents, kept, asked } = atomicServer();
  await documents.write([stored(1, 1), stored(2, 2)], HOW);
  await documents.write([stored(1, 3), stored(3, 4)], HOW);
  expect(asked).toEqual(['update', 'update']);
  expect([...kept.values()].map(({ position }) => position)).toEqual([3, 2, 4].map(at));
});

it.each([false, true])(
  'leaves every document at its newest, whoever writes at once and again, where updates are single steps (mostly new: %s)',
  async (mostlyNew) => {
    for (let round = 0; round < 20; round++) {
      const { documents, kept, asked } = atomicServer();
      const all = Array.from({ length: 60 }, (_, n) => stored(n % 7, n));
      const batches = shuffled(Array.from({ length: 21 }, (_, n) => all.slice(2 * n, 2 * n + 20)));
      await Promise.all([...batches, ...batches].map((batch) => documents.write(batch, { ...HOW, mostlyNew })));
      const ends = [...kept.values()].map(({ _id, position }) => [_id, position]);
      expect(new Map(ends as [string, string][])).toEqual(new Map(all.map(({ id, position }) => [id, position])));
      expect(asked).not.toContain('find');
    }
  },
);

it('looks up what is not known where writers take turns, and what is known and was not so', async () => {
  const looked: string[] = [];
  const kept = new Map([stored(1, 1), stored(2, 2)].map(({ id, ...one }) => [id, { _id: id, ...one }]));
  const collection = {
    findOne: async ({ _id }: { _id: string }) => {
      looked.push(_id);
      return kept.get(_id) ?? null;
    },
    insertMany: async (list: MongoDocument[]) => {
      const there = list.flatMap(({ _id }, index) => (kept.has(_id) ? [{ index, code: 11_000 }] : []));
      if (there.length > 0) throw new MongoBulkWriteError({ message: 'E11000', code: 11_000, writeErrors: there as never }, {} as BulkWriteResult);
      for (const one of list) kept.set(one._id, one as never);
    },
    bulkWrite: async (list: { replaceOne: { replacement: MongoDocument } }[]) => {
      for (const { replaceOne } of list) kept.set(replaceOne.replacement._id, replaceOne.replacement as never);
      return { matchedCount: list.length };
    },
  };
  const db = { collection: () => collection } as unknown as MongoServer['db'];
  const documents = documentsIn({ db, atomic: false, scans: true, singly: () => gate(8) }, 'one');
  await documents.write([stored(1, 5), stored(3, 6)], {
    ...HOW,
    positions: new Map([
      ['id-1', at(1)],
      ['id-3', null],
    ]),
  });
  expect(looked).toEqual([]);
  await documents.write([stored(2, 7)], { ...HOW, positions: new Map([['id-2', null]]) });
  expect(looked).toEqual(['id-2']);
  await documents.write([stored(2, 6)], HOW);
  expect([...kept.values()].map(({ position }) => position)).toEqual([5, 7, 6].map(at));
});
