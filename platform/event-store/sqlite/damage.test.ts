import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isForwardable, NO_STREAM, type RecordedEvent } from '../../../contracts/message.ts';
import { StoreDamaged } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openEventStore } from '../open.ts';
import { openLogReader } from './log-reader.ts';
import { openLogWriter } from './log-writer.ts';
import { verify, verifyInSlices } from './verify.ts';
import type { WireAppend } from './wire.ts';

/** Places changed in each file: a sample in `npm test`, another number by DAMAGE, every byte with DAMAGE=all (`npm run faults`; some 40 minutes). */
const FLIPS = process.env.DAMAGE === 'all' ? Number.POSITIVE_INFINITY : Number(process.env.DAMAGE ?? 300);
const STREAMS = ['task-a', 'task-b', 'task-c', '_checkpoint-x', '_email-y'];
const FILES = ['events.db', 'events.db-wal', 'events.db-witness'];
const REVISIONS = 8;
/** Bytes of two commits in the write-ahead log, at most: each changes eight pages or fewer. */
const TWO_COMMITS = 2 * 8 * (4_096 + 24);
const warn = () => {};
const log = { error: warn };

let folders: string[] = [];
let source: string;
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'damage-'));
  folders.push(made);
  return made;
};
const fileIn = (dir: string) => join(dir, 'events.db');

beforeEach(() => {
  source = folder();
});
afterEach(() => {
  for (const dir of folders) rmSync(dir, { recursive: true });
  folders = [];
});

/** Opens the writer as the store's thread does. */
const openWriter = (dir: string) => openLogWriter(fileIn(dir), log);

function fill(writer: ReturnType<typeof openWriter>): void {
  for (let expected = NO_STREAM; expected < REVISIONS - 1; expected++) {
    const group = STREAMS.map((stream): WireAppend => {
      const { id, type, data, metadata } = anEvent({ text: `${stream} ${expected} ${'lamp '.repeat(20)}` });
      const event = { id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
      return { stream, expected, keep: isForwardable(stream) ? 0 : 5, events: [event] };
    });
    writer.commit(group);
  }
}

/** Copies the store's files, some with other bytes, and `without` some; answers the folder. */
function copy({ bytes, without = [] }: { bytes?: Record<string, Buffer>; without?: string[] } = {}): string {
  const dir = folder();
  for (const name of FILES) if (existsSync(join(source, name)) && !without.includes(name)) copyFileSync(join(source, name), join(dir, name));
  for (const [name, content] of Object.entries(bytes ?? {})) writeFileSync(join(dir, name), content);
  return dir;
}

/** Everything that can be read of a store, opened as the store opens it but on this thread; 'damaged' where the store says so. */
function readEverything(dir: string): RecordedEvent[][] | 'damaged' {
  const open: { close(): void }[] = [];
  try {
    const writer = openWriter(dir);
    open.push(writer);
    verify(fileIn(dir), warn, warn);
    const reader = openLogReader(fileIn(dir));
    open.push(reader);
    const table = (stream: string) => (isForwardable(stream) ? 'events' : 'bookkeeping');
    const reads = STREAMS.flatMap((stream) => [
      reader.stream(table(stream), stream, {}),
      reader.stream(table(stream), stream, { direction: 'backwards' }),
    ]);
    return [reader.all({}), reader.all({ log: 'bookkeeping' }), ...reads].map((pages) => [...pages].flat());
  } catch (error) {
    if (error instanceof StoreDamaged) return 'damaged';
    throw error;
  } finally {
    for (const one of open.reverse()) one.close();
  }
}

/** Changes one byte in each of many copies; answers the places where the change is neither read rightly nor reported. */
function silentlyWrong(name: string, options: { without?: string[] } = {}, end = Number.POSITIVE_INFINITY): { silent: number[]; reported: number } {
  const expected = readEverything(copy());
  const bytes = readFileSync(join(source, name));
  const step = Math.max(1, Math.floor(bytes.length / FLIPS));
  const silent: number[] = [];
  let reported = 0;
  for (let at = Math.floor(Math.random() * step); at < Math.min(bytes.length, end); at += step) {
    const changed = Buffer.from(bytes);
    changed[at] = (bytes[at] as number) ^ (1 << Math.floor(Math.random() * 8));
    const dir = copy({ ...options, bytes: { [name]: changed } });
    const found = readEverything(dir);
    if (found === 'damaged') reported++;
    else if (JSON.stringify(found) !== JSON.stringify(expected)) silent.push(at);
    rmSync(dir, { recursive: true });
    folders.pop();
  }
  return { silent, reported };
}

describe('invariant 16: a flipped byte is harmless or reported', { timeout: 3_600_000 }, () => {
  it('in the data file', () => {
    const writer = openWriter(source);
    fill(writer);
    writer.close();
    const { silent, reported } = silentlyWrong('events.db');
    expect(silent).toEqual([]);
    expect(reported).toBeGreaterThan(Math.min(FLIPS, 10_000) / 6);
  });

  it('in the write-ahead log of a process that was killed', () => {
    const running = openWriter(source);
    fill(running);
    // The state a second later: the witness has seen everything.
    const seen = folder();
    for (const name of ['events.db', 'events.db-wal']) copyFileSync(join(source, name), join(seen, name));
    openWriter(seen).close();
    copyFileSync(join(seen, 'events.db-witness'), join(source, 'events.db-witness'));
    const { silent, reported } = silentlyWrong('events.db-wal');
    running.close();
    expect(silent).toEqual([]);
    expect(reported).toBeGreaterThan(Math.min(FLIPS, 10_000) / 6);
  });

  it('in the write-ahead log, but in its last two commits, even where the witness saw none of it', () => {
    const running = openWriter(source);
    fill(running);
    const length = readFileSync(join(source, 'events.db-wal')).length;
    const { silent, reported } = silentlyWrong('events.db-wal', { without: ['events.db-witness'] }, length - TWO_COMMITS);
    running.close();
    expect(silent).toEqual([]);
    expect(reported).toBeGreaterThan(Math.min(FLIPS, 10_000) / 6);
  });

  it('in the witness', () => {
    const writer = openWriter(source);
    fill(writer);
    writer.close();
    expect(silentlyWrong('events.db-witness').silent).toEqual([]);
  });
});

describe('invariant 16: an index that lost the end of a stream', () => {
  /** Deletes entries from an index behind SQLite's back: the table keeps its rows. */
  function loseFromIndex(index: string, sql: string): void {
    const writer = openWriter(source);
    fill(writer);
    writer.close();
    const db = new DatabaseSync(fileIn(source));
    db.enableDefensive?.(false);
    db.exec('PRAGMA writable_schema = ON');
    const { sql: kept } = db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(index) as { sql: string };
    db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(sql, index);
    db.exec('PRAGMA writable_schema = RESET');
    db.exec(`REINDEX ${index}`);
    db.exec('PRAGMA writable_schema = ON');
    db.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(kept, index);
    db.exec('PRAGMA writable_schema = RESET');
    db.close();
  }

  it.each([
    ['events_by_stream', 'CREATE INDEX events_by_stream ON events (birth, revision) WHERE revision < 6'],
    ['events_first', 'CREATE INDEX events_first ON events (hash) WHERE position > 1 AND hash IS NOT NULL'],
    ['bookkeeping_by_stream', 'CREATE INDEX bookkeeping_by_stream ON bookkeeping (hash, revision) WHERE revision < 6'],
  ])('%s is noticed at start, and in a large log soon after', async (index, sql) => {
    loseFromIndex(index, sql);
    expect(() => verifyInSlices(fileIn(source))).toThrow(StoreDamaged);
    await expect(openEventStore('sqlite:', { dataDir: source, log: { error: () => {} } })).rejects.toBeInstanceOf(StoreDamaged);
  });

  it('is not seen where there is none', () => {
    const writer = openWriter(source);
    fill(writer);
    writer.close();
    expect(() => verifyInSlices(fileIn(source))).not.toThrow();
  });
});
