import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sizeOfLog } from './folding.ts';
import { openWrittenFile, type WrittenFile } from './written-file.ts';

let folder: string;
let db: DatabaseSync;
let written: WrittenFile;
let lines: string[];
let ended: string[];

class Away extends Error {}

function open(name: string): WrittenFile {
  const file = join(folder, name);
  db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS rows (text TEXT)');
  return openWrittenFile({
    ...{ db, file, pages: 1_000 },
    log: { error: (_, message) => lines.push(message) },
    unavailable: (cause) => new Away('away', { cause }),
    ended: ({ message }) => ended.push(message),
  });
}

const insert = (text: string) => written.write(() => db.prepare('INSERT INTO rows VALUES (?)').run(text));
const rows = () => written.read(() => db.prepare('SELECT count(*) AS n FROM rows').get()?.n);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'written-'));
  lines = [];
  ended = [];
  written = open('some.db');
});
afterEach(() => {
  written.close();
  rmSync(folder, { recursive: true });
});

describe('a file that this process writes', () => {
  it('begins with an empty log, however long the one is that a kill left', () => {
    insert('kept');
    for (const end of ['', '-wal']) copyFileSync(join(folder, `some.db${end}`), join(folder, `killed.db${end}`));
    truncateSync(join(folder, 'killed.db-wal'), 2_100 * 1024 * 1024);
    written.close();
    written = open('killed.db');
    expect([rows(), sizeOfLog(join(folder, 'killed.db'))]).toEqual([1, 0]);
  });

  it('answers with the port’s error where there is no room, keeps nothing of that write, and goes on once there is', async () => {
    const { page_count: pages } = db.prepare('PRAGMA page_count').get() as { page_count: number };
    db.exec(`PRAGMA max_page_count = ${pages}`);
    expect(() => insert('x'.repeat(100_000))).toThrow(Away);
    await expect(written.writeLater(async () => insert('x'.repeat(100_000)))).rejects.toThrow(Away);
    db.exec('PRAGMA max_page_count = 100000');
    insert('room');
    expect([rows(), lines, ended]).toEqual([1, [], []]);
  });

  it('has zeros in the place of what was deleted, and nothing of it in its log, once it is purged', async () => {
    insert('said in confidence '.repeat(500));
    insert('stays');
    const bytes = () => ['', '-wal'].map((end) => readFileSync(join(folder, `some.db${end}`)).includes('said in confidence'));
    written.write(() => db.exec("DELETE FROM rows WHERE text LIKE 'said%'"));
    expect(bytes()).toEqual([false, true]);
    await written.purge(async () => {});
    expect([bytes(), rows()]).toEqual([[false, false], 1]);
  });

  it('has nothing of what an older release left on its free pages once it is purged', async () => {
    db.exec('PRAGMA secure_delete = OFF');
    insert('said in confidence '.repeat(500));
    written.write(() => db.exec('DELETE FROM rows'));
    const bytes = () => ['', '-wal'].map((end) => readFileSync(join(folder, `some.db${end}`)).includes('said in confidence'));
    await written.purge(async () => {});
    expect(bytes()).toEqual([true, false]);
    await written.purge();
    expect(bytes()).toEqual([false, false]);
  });

  it('cannot be purged while somebody reads it, says so, and goes on', async () => {
    const reader = new DatabaseSync(join(folder, 'some.db'), { readOnly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM rows').get();
    insert('stays');
    await expect(written.purge()).rejects.toThrow(Away);
    insert('goes on');
    reader.close();
    await written.purge();
    expect([rows(), lines, ended]).toEqual([2, [], []]);
  });

  it('passes on what is a mistake of the caller', () => {
    expect(() => written.write(() => db.exec('INSERT INTO missing VALUES (1)'))).toThrow(/no such table/);
  });

  it('writes nothing after a failed fsync, says so once, and is left as it is', async () => {
    insert('before');
    const size = sizeOfLog(join(folder, 'some.db'));
    written.abandon(new Error('EIO'));
    written.abandon(new Error('EIO again'));
    expect(() => insert('after')).toThrow(Away);
    await expect(written.writeLater(() => insert('after'))).rejects.toThrow(Away);
    expect(() => written.check()).toThrow(Away);
    written.close();
    expect([rows(), sizeOfLog(join(folder, 'some.db')), lines, ended]).toEqual([
      1,
      size,
      ['an fsync failed: nothing more is written until this is started again'],
      ['EIO'],
    ]);
  });
});
