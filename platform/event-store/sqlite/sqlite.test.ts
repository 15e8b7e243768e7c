import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
import { all, describeEventStore, events } from '../event-store.suite.ts';
import { type EventStore, StoreOverloaded } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openEventStore } from '../open.ts';
import { streamHash } from './rows.ts';
import { openSqliteEventStore } from './sqlite.ts';

const log = { error: () => {} };

describeEventStore('sqlite:', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'events-'));
  let store = await openEventStore('sqlite:', { dataDir, log });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openEventStore('sqlite:', { dataDir, log });
      return store;
    },
    cleanup: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});

describe('the embedded store', () => {
  let dataDir: string;
  let store: EventStore;
  const file = () => join(dataDir, 'events.db');
  const reopen = () => openSqliteEventStore({ file: file(), log });

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'events-'));
    store = await reopen();
  });
  afterEach(async () => {
    await store.close();
    rmSync(dataDir, { recursive: true });
  });

  /** Changes the closed store's file behind its back. */
  async function tamper(sql: string): Promise<void> {
    await store.append('task-a', NO_STREAM, events(5));
    await store.append('task-b', NO_STREAM, events(5));
    await store.close();
    const db = new DatabaseSync(file());
    db.exec(sql);
    db.close();
  }

  it('reads names with line breaks leanly too', async () => {
    await store.append('task-a\nb', NO_STREAM, [{ ...anEvent(), type: 'Odd\n\nType' }, anEvent()]);
    const lean = (await all(store.readAll({ lean: true }))).map(({ stream, type, data }) => ({ stream, type, data }));
    expect(lean).toEqual((await all(store.readAll())).map(({ stream, type, data }) => ({ stream, type, data })));
  });

  it('invariant 16: does not start where the log is shorter than its witness saw', async () => {
    await tamper('DELETE FROM events WHERE position > 8');
    await expect(reopen()).rejects.toThrow(/ends at position 8, but had 10.*older copy was put back on purpose.*delete .*-witness/);
    await expect(reopen()).rejects.not.toThrow(/damaged/);
  });

  it('takes what other tools put into its file for theirs, and names it', async () => {
    await tamper(`ANALYZE; CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); CREATE TABLE _litestream_lock (id INTEGER);
      CREATE VIEW of_mine AS SELECT * FROM events; CREATE INDEX mine ON events (type)`);
    const said: [object, string][] = [];
    store = await openSqliteEventStore({ file: file(), log: { ...log, info: (data, message) => said.push([data, message]) } });
    expect(said).toEqual([
      [
        { file: file(), names: ['table _litestream_seq', 'table _litestream_lock', 'view of_mine', 'index mine'] },
        'the file of the events holds things that are not ours; they are left alone',
      ],
    ]);
    expect(await all(store.readAll())).toHaveLength(10);
    await store.append('task-c', NO_STREAM, events(1));
  });

  it('does not say a word about the statistics that ANALYZE makes', async () => {
    await tamper('ANALYZE');
    const said: string[] = [];
    store = await openSqliteEventStore({ file: file(), log: { ...log, info: (_, message) => said.push(message) } });
    expect(said).toEqual([]);
    expect(await all(store.readStream('task-a', { direction: 'backwards' }))).toHaveLength(5);
  });

  it('is begun beside Litestream’s tables, and never in another database', async () => {
    await store.close();
    for (const name of [file(), `${file()}-witness`]) rmSync(name);
    const make = (sql: string) => {
      const db = new DatabaseSync(file());
      db.exec(sql);
      db.close();
    };
    make('CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)');
    store = await reopen();
    await store.append('task-a', NO_STREAM, events(1));
    await store.close();
    for (const name of [file(), `${file()}-witness`]) rmSync(name);
    make('CREATE TABLE accounts (id INTEGER PRIMARY KEY)');
    await expect(reopen()).rejects.toThrow(/is another database, not an event store\. Move it away/);
  });

  it.each(['DROP INDEX events_first', 'DROP TABLE bookkeeping', 'ALTER TABLE events ADD COLUMN more TEXT'])(
    'is damaged where its own are changed: %s',
    async (sql) => {
      await tamper(sql);
      await expect(reopen()).rejects.toMatchObject({
        name: 'StoreDamaged',
        message: expect.stringMatching(/its tables are not those that were made/),
      });
    },
  );

  it('invariant 16: does not start where the witnessed event is another one', async () => {
    await tamper('UPDATE events SET checksum = checksum + 1 WHERE position = 10');
    await expect(reopen()).rejects.toMatchObject({ name: 'StoreDamaged' });
  });

  it.each(['data', 'type', 'id', 'metadata', 'stream', 'time', 'revision'])('invariant 16: does not read a row whose %s changed', async (column) => {
    await tamper(
      `UPDATE events SET ${column} = ${['time', 'revision'].includes(column) ? `${column} + 1` : `replace(${column}, 'a', 'b') || ' '`} WHERE position = 4`,
    );
    store = await reopen();
    await expect(all(store.readAll({ lean: true }))).rejects.toMatchObject({ name: 'StoreDamaged' });
    await expect(all(store.readAll())).rejects.toMatchObject({ name: 'StoreDamaged' });
  });

  it('invariant 16: does not read past a row that is missing', async () => {
    await tamper('DELETE FROM events WHERE position = 4');
    store = await reopen();
    await expect(all(store.readAll())).rejects.toThrow(/nothing at position 4/);
    await expect(all(store.readAll({ lean: true }))).rejects.toThrow(/nothing at position 4/);
    await expect(all(store.readStream('task-a'))).rejects.toThrow(/no revision 3/);
    await expect(all(store.readStream('task-a', { direction: 'backwards' }))).rejects.toThrow(/no revision 3/);
  });

  it('starts again where its witness was deleted on purpose', async () => {
    await tamper('DELETE FROM events WHERE position > 8');
    rmSync(`${file()}-witness`);
    store = await reopen();
    expect(await all(store.readAll())).toHaveLength(8);
  });

  it('refuses appends and reads once it is closed', async () => {
    await store.close();
    await expect(store.append('task-a', NO_STREAM, events(1))).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(store.head()).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });

  it('invariant 12: refuses appends when too much waits, and loses none it took', async () => {
    const large = () => [{ ...(events(1)[0] as typeof events extends (n: number) => (infer E)[] ? E : never), data: 'x'.repeat(8_000_000) }];
    const outcomes = await Promise.allSettled(Array.from({ length: 14 }, (_, n) => store.append(`task-${n}`, NO_STREAM, large())));
    const taken = outcomes.filter((one) => one.status === 'fulfilled');
    expect(outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason.name)).toContain('StoreOverloaded');
    expect(await all(store.readAll())).toHaveLength(taken.length);
  });

  it('invariant 12: refuses the ten-thousandth-and-next of many small appends, and records those it took', async () => {
    const outcomes = await Promise.allSettled(events(10_050).map((event, n) => store.append(`task-${n}`, NO_STREAM, [event])));
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(50);
    expect(refused.every((one) => one.reason instanceof StoreOverloaded)).toBe(true);
    expect(await all(store.readAll())).toHaveLength(10_000);
  });

  it('finishes what it took before it closes', async () => {
    const appends = events(100).map((event, n) => store.append(`task-${n}`, NO_STREAM, [event]));
    await store.close();
    await Promise.all(appends);
    store = await reopen();
    expect(await all(store.readAll())).toHaveLength(100);
  });

  it('tells streams apart whose names have the same hash', async () => {
    // CRC-32 of both is 0x4ddb0c25.
    const [one, other] = ['plumless', 'buckeroo'];
    expect(streamHash(one)).toBe(streamHash(other));
    for (const name of [one, other, `_${one}`, `_${other}`]) {
      await store.append(name, NO_STREAM, [anEvent(name)]);
      await store.append(name, 0, [anEvent(name)]);
    }
    await store.close();
    store = await reopen();
    for (const name of [one, other, `_${one}`, `_${other}`]) {
      expect((await all(store.readStream(name))).map((event) => event.data)).toEqual([name, name]);
      await store.append(name, 1, [anEvent(name)]);
    }
  });

  it.each(['task-\0', 'task-\ud800'])('refuses the name %j, which would not come back as it is', async (name) => {
    await expect(store.append(name, NO_STREAM, events(1))).rejects.toBeInstanceOf(RangeError);
  });

  it('invariant 16: does not start on a file that is something else, or gone, or beside a witness that was changed', async () => {
    await store.append('task-a', NO_STREAM, events(5));
    await store.close();
    const kept = readFileSync(file());
    writeFileSync(file(), 'x'.repeat(8_192));
    await expect(reopen()).rejects.toMatchObject({ name: 'StoreDamaged', message: expect.stringMatching(/put back a backup/) });
    rmSync(file());
    await expect(reopen()).rejects.toMatchObject({ name: 'StoreDamaged' });
    writeFileSync(file(), kept);
    writeFileSync(`${file()}-witness`, '{}');
    await expect(reopen()).rejects.toThrow(/witness.*delete/);
  });

  it('says in one line where the file cannot be made', async () => {
    await expect(openEventStore(`sqlite:${join(dataDir, 'no', 'such', 'folder.db')}`, { dataDir, log })).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringMatching(/^[^\n]+$/),
    });
  });

  it('names a scheme it does not have', async () => {
    await expect(openEventStore('gopher:', { dataDir, log })).rejects.toThrow(/EVENT_STORE_URL/);
  });
});
