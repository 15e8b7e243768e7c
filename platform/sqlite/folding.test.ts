import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Folding, openFolding, sizeOfLog } from './folding.ts';

const MB = 1024 * 1024;
/** Bytes from which on people are told, more than a log's file may keep. */
const MOST = 80 * MB;

let folder: string;
let db: DatabaseSync;
let reader: DatabaseSync;
let folding: Folding;
let lines: string[];
const file = () => join(folder, 'some.db');
const say = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folding-'));
  lines = [];
  db = new DatabaseSync(file(), { timeout: 5_000 });
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE rows (text TEXT)');
  folding = openFolding({ db, file: file(), log: { error: say('error'), info: say('info') }, pages: 1_000, most: MOST });
  reader = new DatabaseSync(file(), { readOnly: true });
});
afterEach(() => {
  for (const one of [reader, db]) if (one.isOpen) one.close();
  rmSync(folder, { recursive: true });
});

/** Writes so many megabytes, in transactions of one. */
function write(megabytes: number): void {
  for (let n = 0; n < megabytes; n++) {
    db.prepare('INSERT INTO rows VALUES (?)').run('x'.repeat(MB));
    folding.fold();
  }
}

describe('a write-ahead log', () => {
  it('stays short while nobody reads for long, whatever is written', () => {
    write(60);
    expect(sizeOfLog(file())).toBeLessThan(8 * MB);
    expect(lines).toEqual([]);
  });

  it('that a long reader makes grow is told once, with the reason, and shrinks by itself when the reader is gone, though nothing is written', () => {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM rows').get();
    write(81);
    folding.look();
    folding.look();
    expect(sizeOfLog(file())).toBeGreaterThan(MOST);
    expect(lines).toEqual([expect.stringMatching(/^error the write-ahead log has grown to 8\d MB: somebody reads the file for long/)]);
    reader.exec('COMMIT');
    folding.look();
    expect(sizeOfLog(file())).toBe(0);
    expect(lines.slice(1)).toEqual(['info the write-ahead log is short again']);
    expect(db.prepare('SELECT count(*) AS n FROM rows').get()).toEqual({ n: 81 });
  });

  it('shrinks at the next writes, too, when the reader is gone', () => {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM rows').get();
    write(81);
    reader.exec('COMMIT');
    write(2);
    expect(sizeOfLog(file())).toBeLessThanOrEqual(65 * MB);
  });

  it('is not waited for where somebody reads it at the end: what is in it stays, and its file too', () => {
    write(1);
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM rows').get();
    write(1);
    folding.foldAll();
    db.close();
    expect(existsSync(`${file()}-wal`)).toBe(true);
    expect(reader.prepare('SELECT count(*) AS n FROM rows').get()).toEqual({ n: 1 });
    reader.exec('COMMIT');
    expect(reader.prepare('SELECT count(*) AS n FROM rows').get()).toEqual({ n: 2 });
  });

  it.runIf(existsSync('/proc/locks'))('that grows is told with the processes that read it', async () => {
    const source = `const { DatabaseSync } = require('node:sqlite'); const db = new DatabaseSync(process.argv[1], { readOnly: true });
      db.exec('BEGIN'); db.prepare('SELECT count(*) FROM rows').get(); console.log('reads'); setInterval(() => {}, 60_000)`;
    const other = spawn(process.execPath, ['-e', source, file()], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(other.stdout, 'data');
    write(81);
    folding.look();
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(lines).toEqual([expect.stringContaining(`(process ${other.pid}; a backup`)]);
    folding.look();
    expect(sizeOfLog(file())).toBe(0);
  });
});
