import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { at, document, MODEL } from '../model.fixture.ts';
import { openReadModels } from '../open.ts';
import { describeReadModels } from '../read-models.suite.ts';
import { type Condition, NoSuchGeneration, type ReadModels, ReadModelsUnavailable, type Stored } from '../read-models.ts';

let folder: string;
let dataDir: string;
let file: string;
const log = { warn: vi.fn() };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-models-'));
});
beforeEach(async () => {
  dataDir = await mkdtemp(join(folder, 'data-'));
  file = join(dataDir, 'read-models.db');
  log.warn.mockClear();
});
afterAll(() => rm(folder, { recursive: true }));

const openOne = () => openReadModels('sqlite:', { dataDir, log });

describeReadModels('sqlite', openOne);

describe('the file of the read models', () => {
  const all = { where: [], sort: [{ field: 'number', descending: false }], limit: 1_000 };

  /** Makes `count` documents, as the events from number `from` on leave them. */
  function everyDocument(count: number, from: number): Stored[] {
    return Array.from({ length: count }, (_, n) => document(`id ${n}`, from + n, { filling: 'x'.repeat(500) }));
  }

  /** Makes a generation of `count` documents that queries read. */
  async function fill(store: ReadModels, count: number): Promise<number> {
    const generation = await store.begin(MODEL);
    await store.write(MODEL, generation, everyDocument(count, 1), { position: at(count), eventId: 'last' });
    await store.update(MODEL, { generation });
    return generation;
  }

  /** The names of the tables or indexes of the model's generations. */
  function namesOf(type: 'table' | 'index'): string[] {
    const db = new DatabaseSync(file, { readOnly: true });
    const names = db.prepare("SELECT name FROM sqlite_master WHERE type = ? AND name LIKE 'suite%'").all(type);
    db.close();
    return names.map(({ name }) => String(name)).sort();
  }

  /** Overwrites one of the pages with documents. */
  async function damageDocuments(): Promise<void> {
    const handle = await open(file, 'r+');
    const { size } = await handle.stat();
    const page = Math.floor(size / 4096 / 2) * 4096;
    await handle.write(Buffer.alloc(4096, 0xaa), 0, 4096, page);
    await handle.close();
  }

  test('is made in a folder that is not there yet, and keeps everything when it is opened again', async () => {
    dataDir = join(dataDir, 'new', 'folder');
    const first = await openOne();
    const generation = await fill(first, 3);
    const before = [await first.find(MODEL, generation, all), await first.state(MODEL)];
    await first.close();

    const second = await openOne();
    expect([await second.find(MODEL, generation, all), await second.state(MODEL)]).toEqual(before);
    expect(await second.begin(MODEL)).toBe(generation + 1);
    await second.close();
    expect(log.warn).not.toHaveBeenCalled();
  });

  test('can be another one, by its path', async () => {
    const path = join(dataDir, 'other.db');
    const store = await openReadModels(`sqlite:${path}`, { dataDir, log });
    await store.close();
    expect([existsSync(path), existsSync(file)]).toEqual([true, false]);
  });

  test.each(['mysql://localhost/db', 'file.db', ''])('is not what %j names', async (url) => {
    await expect(openReadModels(url, { dataDir, log })).rejects.toThrow('READ_MODELS_URL must begin with sqlite:');
  });

  test('finds the same by texts that nearly all documents have as by texts that few have', async () => {
    const store = await openOne();
    const count = 12_000;
    const generation = await store.begin(MODEL);
    const texts = (n: number) => ({ labels: ['all', n % 2 ? 'odd' : 'even'], words: n % 1_000 ? ['common'] : ['rare', 'commonly'] });
    const documents = Array.from({ length: count }, (_, n) => document(`id ${n}`, n, texts(n)));
    await store.write(MODEL, generation, documents, { position: at(count), eventId: 'last' });
    await store.update(MODEL, { generation });
    const numbers = async (...where: Condition[]) =>
      (await store.find(MODEL, generation, { ...all, where, limit: count })).map((one) => one.document?.number);

    const label = (value: string): Condition => ({ field: 'labels', op: 'eq', value });
    const word = (value: string): Condition => ({ field: 'words', op: 'prefix', value });
    expect(await numbers(label('all'), word('common'))).toHaveLength(count);
    expect(await numbers(label('odd'), word('com'))).toHaveLength(count / 2);
    expect(await numbers(label('even'), word('r'), word('common'))).toEqual(Array.from({ length: 12 }, (_, n) => n * 1_000));
    expect(await numbers(label('odd'), word('r'))).toEqual([]);
    await store.close();
  });

  test('answers while the indexes of a large generation are made', async () => {
    const store = await openOne();
    const read = await fill(store, 10);
    const next = await store.begin(MODEL);
    const documents = Array.from({ length: 3_000 }, (_, n) => document(`id ${n}`, n + 1));
    await store.write(MODEL, next, documents, { position: at(3_000), eventId: 'last' });

    let moved = false;
    const moving = store.update(MODEL, { generation: next }).then(() => {
      moved = true;
    });
    const writing = store.write(MODEL, next, [document('late', 4_000)], { position: at(4_000), eventId: 'late' });
    expect(await store.find(MODEL, read, all)).toHaveLength(10);
    expect(moved).toBe(false);
    await Promise.all([moving, writing]);
    expect(await store.state(MODEL)).toMatchObject({ generation: next, checkpoint: { position: at(4_000) } });
    const indexes = [`suite_${next}#0`, `suite_${next}#1`, `suite_${next}#id`];
    expect(namesOf('index')).toEqual(expect.arrayContaining(indexes));
    await store.close();
  });

  test('loses the tables of dropped generations, a little at a time', async () => {
    const store = await openOne();
    await fill(store, 5_000);
    const last = await fill(store, 10);
    await vi.waitFor(() => expect(namesOf('table')).toEqual([`suite_${last}`, `suite_${last}.labels`, `suite_${last}.words`]));
    expect(await store.find(MODEL, last, all)).toHaveLength(10);
    await store.close();
    expect(log.warn).not.toHaveBeenCalled();
  });

  test('loses them after a restart where there was no time before', async () => {
    const first = await openOne();
    await fill(first, 5_000);
    const last = await fill(first, 10);
    await first.close();
    expect(namesOf('table').length).toBeGreaterThan(3);

    const second = await openOne();
    await vi.waitFor(() => expect(namesOf('table')).toHaveLength(3));
    expect(await second.find(MODEL, last, all)).toHaveLength(10);
    await second.close();
  });

  /** True where a text is anywhere in the file, or in its log. */
  async function holds(text: string): Promise<boolean> {
    const parts = await Promise.all([file, `${file}-wal`].map((path) => readFile(path)));
    return parts.some((bytes) => bytes.includes(text));
  }

  test('has nothing of a dropped generation once it is purged, nor of what an older release left on free pages', async () => {
    const first = await openOne();
    await first.close();
    const older = new DatabaseSync(file);
    older.exec("CREATE TABLE suite_90 (text TEXT); INSERT INTO suite_90 VALUES ('left by an older release'); DROP TABLE suite_90");
    older.close();
    const store = await openOne();
    await fill(store, 3_000);
    expect([await holds('left by an older release'), await holds('x'.repeat(500))]).toEqual([true, true]);
    const next = await store.begin(MODEL);
    await store.write(MODEL, next, [document('kept', 1)], { position: at(1), eventId: 'one' });
    await store.update(MODEL, { generation: next });
    await store.purge();
    expect([await holds('left by an older release'), await holds('x'.repeat(500)), await holds('kept')]).toEqual([false, false, true]);
    expect(await store.find(MODEL, next, all)).toHaveLength(1);
    await store.close();
  });

  test('cannot be purged while somebody reads it, and can be afterwards; it answers meanwhile', async () => {
    const store = await openOne();
    const generation = await fill(store, 10);
    const reader = new DatabaseSync(file, { readOnly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM models').get();
    await expect(store.purge()).rejects.toThrow(ReadModelsUnavailable);
    expect(await store.find(MODEL, generation, all)).toHaveLength(10);
    reader.exec('COMMIT');
    reader.close();
    await store.purge();
    await store.write(MODEL, generation, [document('late', 11)], { position: at(11), eventId: 'late' });
    expect(await store.find(MODEL, generation, all)).toHaveLength(11);
    await store.close();
  });

  test('begins empty, and says so, when it is not a database at all; what was there is kept', async () => {
    await writeFile(file, 'these are notes, and not read models '.repeat(100));
    const store = await openOne();
    expect(await store.state(MODEL)).toBeNull();
    await fill(store, 1);
    await store.close();
    expect(log.warn).toHaveBeenCalledOnce();
    expect(await readFile(`${file}.damaged`, 'utf8')).toContain('these are notes');
  });

  test('begins empty, and says so, when it has the layout of another release', async () => {
    const first = await openOne();
    await fill(first, 1);
    await first.close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 999');
    db.close();

    const second = await openOne();
    expect(await second.state(MODEL)).toBeNull();
    await second.close();
    expect(log.warn).toHaveBeenCalledOnce();
  });

  test('is left alone when it is another database', async () => {
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE truth (event TEXT); INSERT INTO truth VALUES ('precious')");
    db.close();
    const before = await readFile(file);
    await expect(openOne()).rejects.toThrow('is another database');
    expect(await readFile(file)).toEqual(before);
  });

  test.each([0, 100, 4096])('begins empty when it was cut off after %i bytes', async (length) => {
    const first = await openOne();
    await fill(first, 100);
    await first.close();
    await writeFile(file, (await readFile(file)).subarray(0, length));

    const second = await openOne();
    expect(await second.state(MODEL)).toBeNull();
    await fill(second, 1);
    expect(await second.state(MODEL)).not.toBeNull();
    await second.close();
  });

  describe('found damaged while it is in use, begins empty: the call at hand fails, and all can be made again', () => {
    test.each<[string, (store: ReadModels, generation: number) => Promise<unknown>]>([
      ['by a query', (store, generation) => store.find(MODEL, generation, { ...all, limit: 5_000 })],
      ['by a write', (store, generation) => store.write(MODEL, generation, everyDocument(5_000, 10_000), { position: at(20_000), eventId: 'last' })],
      ['by the thread that makes indexes', (store, generation) => store.update(MODEL, { generation })],
    ])('%s', async (_, use) => {
      const first = await openOne();
      await fill(first, 1);
      const made = await first.begin(MODEL);
      await first.write(MODEL, made, everyDocument(5_000, 1), { position: at(5_000), eventId: 'last' });
      await first.close();
      await damageDocuments();

      const second = await openOne();
      expect((await second.state(MODEL, made))?.generation).toBe(made);
      expect(log.warn).not.toHaveBeenCalled();
      await expect(use(second, made)).rejects.toThrow('malformed');
      expect(log.warn).toHaveBeenCalledOnce();
      expect(await second.state(MODEL)).toBeNull();
      await expect(second.find(MODEL, made, all)).rejects.toThrow(NoSuchGeneration);

      const generation = await fill(second, 5);
      expect(await second.find(MODEL, generation, all)).toHaveLength(5);
      await second.close();
    });
  });
});
