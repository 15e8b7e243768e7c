/** One process has the file: another one is refused, and where it came in all the same, neither writes over the other. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
import { all } from '../event-store.suite.ts';
import { AppendUnknown } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openEventStore } from '../open.ts';
import { type LogWriter, openLogWriter } from './log-writer.ts';
import { openSqliteEventStore } from './sqlite.ts';

const log = { info: () => {}, error: () => {} };
const [LAMP, DOOR, ROOF] = [
  '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01',
  '8d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e02',
  '9d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e03',
].map((id) => `task-${id}`) as [string, string, string];
let dataDir: string;
const file = () => join(dataDir, 'events.db');
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'alone-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function append(writer: LogWriter, stream: string): void {
  const { id, type, data, metadata } = anEvent();
  writer.commit([{ stream, expected: NO_STREAM, keep: 0, events: [{ id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) }] }]);
}

it.runIf(process.platform === 'linux')('a file that another process has is refused, also by another name', async () => {
  const store = await openEventStore('sqlite:', { dataDir, log });
  const link = join(dataDir, 'other.db');
  symlinkSync(file(), link);
  for (const url of ['sqlite:', `sqlite:${link}`])
    await expect(openEventStore(url, { dataDir, log })).rejects.toThrow(/held by another process of taskledger/);
  await store.close();
  await (await openEventStore('sqlite:', { dataDir, log })).close();
});

describe('where two processes write all the same', () => {
  it.each([LAMP, '_checkpoint-x'])('the one that was overtaken writes nothing more, and nothing is harmed (%s)', async (stream) => {
    const [first, second] = [openLogWriter(file(), log), openLogWriter(file(), log)];
    append(second, stream);
    expect(() => append(first, DOOR)).toThrow(AppendUnknown);
    expect(() => append(first, DOOR)).toThrow(/another process writes into/);
    append(second, ROOF);
    first.abandon();
    second.close();
    const store = await openSqliteEventStore({ file: join(dataDir, 'events.db'), log });
    const events = [...(await all(store.readAll())), ...(await all(store.readAll({ log: 'bookkeeping' })))];
    expect(events.map((event) => event.stream).sort()).toEqual([stream, ROOF].sort());
    await store.close();
  });

  it('tools that write tables of theirs are not among them', () => {
    const writer = openLogWriter(file(), log);
    append(writer, LAMP);
    const tool = new DatabaseSync(file());
    tool.exec('CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); INSERT INTO _litestream_seq VALUES (1, 1)');
    tool.close();
    append(writer, DOOR);
    writer.close();
  });
});
