import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anEvent } from '../example-event.fixture.ts';
import { type LogWriter, openLogWriter } from './log-writer.ts';

const log = { error: () => {} };
const HEAD = 32;
let folders: string[] = [];
let running: LogWriter;
let source: string;
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'wal-'));
  folders.push(made);
  return made;
};
const fileIn = (dir: string) => join(dir, 'events.db');

beforeEach(() => {
  folders = [];
  source = folder();
  running = openLogWriter(fileIn(source), log);
});
afterEach(() => {
  running.close();
  for (const dir of folders) rmSync(dir, { recursive: true });
});

/** Appends events to a stream of the running writer, each in its transaction. */
function append(from: number, count: number): void {
  for (let expected = from - 1; expected < from + count - 1; expected++) {
    const { id, type } = anEvent();
    const event = { id, type, data: JSON.stringify('lamp '.repeat(500)), metadata: '{}' };
    running.commit([{ stream: 'task-a', expected, keep: 0, events: [event] }]);
  }
}

/** A copy of the files as a process that is killed now would leave them, its write-ahead log with other bytes at its head where there are any. */
function killed(head?: Uint8Array): string {
  const dir = folder();
  for (const name of ['events.db', 'events.db-wal']) copyFileSync(join(source, name), join(dir, name));
  if (!head) return dir;
  const wal = readFileSync(`${fileIn(dir)}-wal`);
  wal.set(head);
  writeFileSync(`${fileIn(dir)}-wal`, wal);
  return dir;
}

/** Starts on a folder and answers the number of events there. */
function startOn(dir: string): number {
  openLogWriter(fileIn(dir), log).close();
  const db = new DatabaseSync(fileIn(dir), { readOnly: true });
  const { n } = db.prepare('SELECT count(*) AS n FROM events').get() as { n: number };
  db.close();
  return n;
}

describe('the write-ahead log of a process that was killed', () => {
  it('is read in pieces: one of more than 2 GiB is started on with as little memory as any', () => {
    append(0, 20);
    const dir = killed();
    truncateSync(`${fileIn(dir)}-wal`, 2_100 * 1024 * 1024);
    const before = process.resourceUsage().maxRSS;
    expect(startOn(dir)).toBe(20);
    // In KB. It is the most that this process ever had.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(64 * 1024);
  });

  it('is looked through to its end, whatever lies between the wrong frame and the transactions behind it', () => {
    append(0, 900);
    const wal = readFileSync(`${fileIn(source)}-wal`);
    // More than one piece: the wrong frame is in the first.
    expect(wal.length).toBeGreaterThan(3 * 1024 * 1024);
    const dir = killed();
    wal.fill(0, 100_000, wal.length - 100_000);
    writeFileSync(`${fileIn(dir)}-wal`, wal);
    expect(() => startOn(dir)).toThrow(/frame 25 of its write-ahead log is not what was written/);
  });

  it('may have a head that was torn while it was written, after all that was in it had gone into the file', () => {
    append(0, 20);
    const other = new DatabaseSync(fileIn(source));
    other.exec('PRAGMA wal_checkpoint(PASSIVE)');
    other.close();
    const whole = killed();
    append(20, 1);
    const next = readFileSync(`${fileIn(source)}-wal`).subarray(0, HEAD);
    const torn = Array.from({ length: HEAD }, (_, length) => next.subarray(0, length));
    for (const head of torn) {
      const dir = folder();
      copyFileSync(fileIn(whole), fileIn(dir));
      const wal = readFileSync(`${fileIn(whole)}-wal`);
      wal.set(head);
      writeFileSync(`${fileIn(dir)}-wal`, wal);
      expect([head.length, startOn(dir)]).toEqual([head.length, 20]);
    }
  });

  it.each(['zeros', 'another sum', 'another order of bytes'])('is damaged where its head is %s, and not all of it is in the file', (what) => {
    append(0, 20);
    const head = readFileSync(`${fileIn(source)}-wal`).subarray(0, HEAD);
    if (what === 'zeros') head.fill(0);
    if (what === 'another sum') head.writeUInt8((head[HEAD - 1] ?? 0) ^ 1, HEAD - 1);
    if (what === 'another order of bytes') head.writeUInt8((head[3] ?? 0) ^ 1, 3);
    expect(() => startOn(killed(head))).toThrow(/the head of its write-ahead log is not what was written/);
  });

  it('whose head alone was written, or begun, is empty', () => {
    const dir = folder();
    openLogWriter(fileIn(dir), log).close();
    append(0, 1);
    const head = readFileSync(`${fileIn(source)}-wal`).subarray(0, HEAD);
    for (const length of [1, 17, HEAD]) {
      writeFileSync(`${fileIn(dir)}-wal`, head.subarray(0, length));
      expect(startOn(dir)).toBe(0);
    }
  });
});
