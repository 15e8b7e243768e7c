import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeWith, type FerretDb, ferretDb, startFerretDb } from '../../../servers/for-tests.fixture.ts';
import { ServerRefused } from '../../connections/reach.ts';
import { at, document, MODEL, OTHER } from '../model.fixture.ts';
import { openReadModels } from '../open.ts';
import { describeReadModels } from '../read-models.suite.ts';
import { NoSuchGeneration, type ReadModels, ReadModelsUnavailable, type Stored } from '../read-models.ts';

const log = { info: () => {}, warn: vi.fn() };
const open = (url: string) => openReadModels(url, { dataDir: '/nowhere', log });
const ALL = { where: [], sort: [], limit: 1_000 };
const LONG = 30_000;

/** Writes batches one after another, each again until it is done, as a follower does. */
async function writeAll(store: ReadModels, generation: number, batches: readonly Stored[][]): Promise<void> {
  for (const batch of batches) await untilWritten(store, generation, batch);
}

async function untilWritten(store: ReadModels, generation: number, batch: Stored[]): Promise<void> {
  const position =
    batch
      .map((one) => one.position)
      .sort()
      .at(-1) ?? '';
  try {
    await store.write(MODEL, generation, batch, { position, eventId: `e${position}` });
  } catch (error) {
    if (!(error instanceof ReadModelsUnavailable)) throw error;
    return untilWritten(store, generation, batch);
  }
}

/** Changes of `ids` documents, in batches of two: those of the first event, of the next, and so on. */
function history(ids: number, events: number): Stored[][] {
  return Array.from({ length: events }, (_, n) => [document(`id ${n % ids}`, 2 * n + 1), document(`id ${(n * 7) % ids}`, 2 * n + 2)]);
}

/** The documents that must be there in the end. */
function newestOf(batches: readonly Stored[][]): Stored[] {
  const newest = new Map<string, Stored>();
  for (const one of batches.flat()) if (one.position > (newest.get(one.id)?.position ?? '')) newest.set(one.id, one);
  return [...newest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

describeWith(ferretDb, 'read models on a server', () => {
  describeReadModels('mongodb', async () => open(await ferretDb.database()), { runs: 10 });

  describe('of several processes', () => {
    let url: string;
    let stores: ReadModels[];
    beforeEach(async () => {
      url = await ferretDb.database();
      stores = await Promise.all([open(url), open(url), open(url)]);
    });
    afterEach(() => Promise.all(stores.map((store) => store.close())));

    test('that write the same generation, in whatever order, every document is at its newest position in the end, and so is the checkpoint', async () => {
      const [first] = stores as [ReadModels];
      const generation = await first.begin(MODEL);
      await first.write(MODEL, generation, [document('a', 1), document('b', 1)], { position: at(1), eventId: 'e1' });
      // All are written at once, each by one process alone: a document that another one overwrites nobody writes again.
      const numbers = Array.from({ length: 150 }, (_, n) => n + 2);
      await Promise.all(
        numbers.map((n) => untilWritten(stores[n % stores.length] as ReadModels, generation, [document('a', n), document(n % 2 ? 'b' : 'c', n)])),
      );
      expect(await first.find(MODEL, generation, ALL)).toEqual([document('a', 151), document('b', 151), document('c', 150)]);
      expect((await first.state(MODEL, generation))?.checkpoint.position).toBe(at(151));
    });

    test('what one has read it does not take for what is there once another one has written', async () => {
      const [one, other] = stores as [ReadModels, ReadModels];
      const generation = await one.begin(MODEL);
      await one.update(MODEL, { generation });
      await one.write(MODEL, generation, [document('a', 1)], { position: at(1), eventId: 'e1' });
      expect(await one.get(MODEL, generation, ['a', 'b'])).toEqual([document('a', 1)]);
      await other.write(MODEL, generation, [document('a', 4), document('b', 5)], { position: at(5), eventId: 'e5' });
      await one.write(MODEL, generation, [document('a', 2), document('b', 3)], { position: at(3), eventId: 'e3' });
      expect(await one.find(MODEL, generation, ALL)).toEqual([document('a', 4), document('b', 5)]);
    });

    test('that begin at once, no two get the same number', async () => {
      const numbers = await Promise.all([...stores, ...stores].map((store) => store.begin(MODEL)));
      expect(new Set(numbers).size).toBe(6);
      const [store] = stores as [ReadModels];
      const newest = Math.max(...numbers);
      expect(await store.find(MODEL, newest, ALL)).toEqual([]);
      for (const number of numbers) if (number !== newest) await expect(store.find(MODEL, number, ALL)).rejects.toThrow(NoSuchGeneration);
    });

    test('that change different things of a model’s state at once, nothing is lost', async () => {
      const [first, second, third] = stores as [ReadModels, ReadModels, ReadModels];
      const generation = await first.begin(MODEL);
      await first.update(MODEL, { generation });
      const before = (await first.state(MODEL))?.cacheGeneration ?? 0;
      const steps = Array.from({ length: 20 }, (_, n) => n + 1);
      const each = async (work: (n: number) => Promise<void>) => {
        for (const n of steps) await work(n);
      };
      await Promise.all([
        each((n) => first.write(MODEL, generation, [], { position: at(n), eventId: `e${n}` })),
        each((n) => second.update(MODEL, { parked: n })),
        each((n) => third.update(MODEL, { cacheGeneration: before + n })),
      ]);
      expect(await second.state(MODEL)).toMatchObject({ checkpoint: { position: at(20) }, parked: 20, cacheGeneration: before + 20 });
    });

    test('one waits for what another one writes, and for the pointer that another one moves', async () => {
      const [writer, reader] = stores as [ReadModels, ReadModels];
      const generation = await writer.begin(MODEL);
      await writer.update(MODEL, { generation });
      const told: string[] = [];
      const waiting = [3, 3, 4].map((n) => reader.reached(MODEL, at(n), LONG).then((reached) => told.push(`${n} ${reached}`)));
      await writer.write(MODEL, generation, [], { position: at(2), eventId: 'e2' });
      await reader.state(MODEL);
      expect(told).toEqual([]);
      await writer.write(MODEL, generation, [], { position: at(3), eventId: 'e3' });
      await expect.poll(() => told).toEqual(['3 true', '3 true']);

      const next = await writer.begin(MODEL);
      await writer.write(MODEL, next, [], { position: at(9), eventId: 'e9' });
      await writer.update(MODEL, { generation: next });
      await Promise.all(waiting);
      expect(told).toContain('4 true');
    });

    test('one that died while it had the turn to write holds up the others for seconds, not for ever', async () => {
      const [store] = stores as [ReadModels];
      const generation = await store.begin(MODEL);
      const client = await MongoClient.connect(url);
      await client.db().collection<{ _id: string }>('_turns').deleteMany({});
      const dead = { _id: `${MODEL.name}/900`, of: MODEL.name, n: 900, holder: 'somebody', beat: 7 };
      await client.db().collection<{ _id: string }>('_turns').insertOne(dead);
      await client.close();
      const [other] = stores.slice(1) as [ReadModels];
      await other.write(MODEL, generation, [document('a', 1)], { position: at(1), eventId: 'e1' });
      expect(await store.get(MODEL, generation, ['a'])).toEqual([document('a', 1)]);
    });
  });

  describe('in its database', () => {
    let client: MongoClient;
    let store: ReadModels;
    const collections = async () => (await client.db().listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort();
    beforeEach(async () => {
      const url = await ferretDb.database();
      [client, store] = [await MongoClient.connect(url), await open(url)];
    });
    afterEach(() => Promise.all([client.close(), store.close()]));

    async function fill(n: number): Promise<number> {
      const generation = await store.begin(MODEL);
      await store.write(MODEL, generation, [document('a', n)], { position: at(n), eventId: `e${n}` });
      await store.update(MODEL, { generation });
      return generation;
    }

    test('indexes are made as the spec declares them, and one for each list of texts', async () => {
      const generation = await fill(1);
      await store.ready(MODEL, generation);
      const indexes = await client.db().collection(`suite_${generation}`).indexes();
      expect(indexes.map(({ name, key }) => [name, key])).toEqual(
        expect.arrayContaining([
          ['text,number', { 'document.text': 1, 'document.number': 1, _id: 1 }],
          ['key', { 'document.key': 1, _id: 1 }],
          ['labels', { 'document.labels': 1, _id: 1 }],
          ['words', { 'document.words': 1, _id: 1 }],
        ]),
      );
      expect(indexes).toHaveLength(5);
    });

    test('collections of dropped generations go, also one that a late writer made again, and those of other models stay', async () => {
      const other = await store.begin(OTHER);
      await store.write(OTHER, other, [document('a', 1)], { position: at(1), eventId: 'e1' });
      const first = await fill(1);
      await fill(2);
      await client.db().collection<{ _id: string }>(`suite_${first}`).insertOne({ _id: 'late' });
      const last = await fill(3);
      await expect.poll(collections).toEqual(['_models', '_turns', `suite_${last}`, `suite_1_${other}`].sort());
      expect(log.warn).not.toHaveBeenCalled();
    });

    test('once it is purged there is none of them, also of other models, where nobody began or moved anything since a late writer', async () => {
      const other = await store.begin(OTHER);
      await fill(1);
      const last = await fill(2);
      await client.db().collection<{ _id: string }>('suite_77').insertOne({ _id: 'late' });
      await client
        .db()
        .collection<{ _id: string }>(`suite_1_${other + 5}`)
        .insertOne({ _id: 'late' });
      await store.purge();
      expect(await collections()).toEqual(['_models', '_turns', `suite_${last}`].sort());
    });

    test('what was there under a number before the state was lost is not part of a new generation', async () => {
      const old = await fill(1);
      await client.db().collection('_models').drop();
      expect(await store.state(MODEL)).toBeNull();
      expect(await store.begin(MODEL)).toBe(old);
      expect(await store.find(MODEL, old, ALL)).toEqual([]);
    });
  });

  test('a wrong password is refused, and not waited for', async () => {
    const { host } = new URL((await ferretDb.url()).replace('mongodb:', 'http:'));
    await expect(open(`mongodb://someone:secret@${host}/x`)).rejects.toThrow(ServerRefused);
    await expect(open(`mongodb://someone:secret@${host}/x`)).rejects.toThrow(/^the read models at mongodb:\/\/[^@]*does not take this user name/);
  });

  describe('whose server', () => {
    let server: FerretDb;
    let store: ReadModels;
    let generation: number;
    beforeAll(async () => {
      server = await startFerretDb();
      store = await open(`${server.url}faults`);
    });
    beforeEach(async () => {
      generation = await store.begin(MODEL);
      await store.update(MODEL, { generation });
    });
    afterAll(async () => {
      await store.close();
      await server.close();
    });

    test('stands still: queries are told so, a write that goes on waiting is done once it goes on', async () => {
      await store.write(MODEL, generation, [document('a', 1)], { position: at(1), eventId: 'e1' });
      server.pause();
      const writing = untilWritten(store, generation, [document('a', 2)]);
      await expect(store.get(MODEL, generation, ['a'])).rejects.toThrow(ReadModelsUnavailable);
      await expect(store.state(MODEL)).rejects.toThrow(ReadModelsUnavailable);
      server.resume();
      await writing;
      expect(await store.get(MODEL, generation, ['a'])).toEqual([document('a', 2)]);
    });

    test('is killed in mid-write, again and again: every document is there once, at its newest position', async () => {
      const batches = history(20, 400);
      const writing = writeAll(store, generation, batches);
      let written = false;
      void writing.then(() => {
        written = true;
      });
      for (let kills = 0; kills < 3; kills++) {
        await expect(store.reached(MODEL, at(100 * (kills + 1)), LONG)).resolves.toBe(true);
        await server.kill();
        await server.restart();
      }
      expect(written).toBe(false);
      await writing;
      expect(await store.find(MODEL, generation, ALL)).toEqual(newestOf(batches));
      expect((await store.state(MODEL))?.checkpoint.position).toBe(at(800));
    });

    test('is away when it is closed: that ends, and later calls are refused', async () => {
      const other = await open(`${server.url}faults`);
      server.pause();
      const waiting = other.reached(MODEL, at(9), LONG);
      await other.close();
      await expect(waiting).resolves.toBe(false);
      await expect(other.state(MODEL)).rejects.toThrow('the read models are closed');
      server.resume();
    });
  });
});
