import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstAnswer } from './answering.ts';
import { describeWith, type FerretDb, ferretDb, startFerretDb } from './for-tests.fixture.ts';

describeWith(ferretDb, 'a FerretDB of one’s own', () => {
  let store: FerretDb;
  beforeAll(async () => {
    store = await startFerretDb();
  });
  afterAll(() => store.close());

  test('keeps what it answered when it is killed', async () => {
    const client = await new MongoClient(`${store.url}a`).connect();
    const documents = client.db().collection<{ _id: number }>('documents');
    await documents.insertOne({ _id: 1 });
    await store.kill();
    await store.restart();
    expect(await documents.findOne({ _id: 1 })).toEqual({ _id: 1 });
    await client.close();
  });

  test('stands still and goes on', async () => {
    const client = await new MongoClient(store.url, { maxPoolSize: 1 }).connect();
    const ping = () => client.db('a').command({ ping: 1 });
    await ping();
    store.pause();
    await expect(firstAnswer(store.port, 'anything')).rejects.toThrow('aborted');
    const pending = ping();
    store.resume();
    expect(await pending).toMatchObject({ ok: 1 });
    await client.close();
  });
});
