import { expect, it } from 'vitest';
import { gate } from '../../concurrency/gate.ts';
import type { MongoServer } from '../../connections/mongodb/connect.ts';
import { documentsIn } from './documents.ts';

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
