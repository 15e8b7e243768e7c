import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { searchFiles } from '../system/erasure-search.fixture.ts';
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

  test('has nothing of a collection that was dropped in its files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferretdb-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const own = await startFerretDb({ folder });
    const client = await new MongoClient(own.url).connect();
    const texts = Array.from({ length: 300 }, (_, n) => ({ n, text: 'said in confidence '.repeat(20) }));
    await client.db('a').collection<{ n: number }>('kept').insertOne({ n: 1 });
    await client.db('a').collection('dropped').insertMany(texts);
    expect(await searchFiles([folder], ['said in confidence'])).not.toEqual([]);
    await client.db('a').collection('dropped').drop();
    await client.close();
    await own.close();
    expect(await searchFiles([folder], ['said in confidence'])).toEqual([]);
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
