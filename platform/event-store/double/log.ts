/**
 * The double's log in one SQLite file: one log of all streams, as EventStoreDB has it. A position is the byte at which a record begins, so that
 * most numbers are the position of nothing; `$all` shows events that a stream's metadata hide in the stream.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export interface Proposed {
  id: string;
  type: string;
  contentType: string;
  data: Uint8Array;
  metadata: Uint8Array;
}

export interface LogRecord extends Proposed {
  position: number;
  stream: string;
  revision: number;
  /** Milliseconds since 1970. */
  created: number;
}

/** The revision that an append expects: -1 for no stream, `any` for whatever it is, `stream_exists` for any but -1. */
export type Expected = number | 'any' | 'stream_exists';

/** The outcome of an append: where it was recorded, or the `current` revision where another one was expected (-1: there is no such stream). */
export type AppendOutcome = { revision: number; position: number } | { current: number };

export interface DoubleLog {
  /** Runs work in one durable transaction. */
  commit(work: () => void): void;
  append(stream: string, expected: Expected, events: readonly Proposed[]): AppendOutcome;
  /** The revisions of a stream that are shown to readers; null where there is no such stream. */
  shown(stream: string): { first: number; last: number } | null;
  /** Records of a stream from a revision on, `step` 1 or -1. */
  ofStream(stream: string, from: number, step: 1 | -1, count: number): LogRecord[];
  /** Records at and after a position. */
  forwards(from: number, count: number): LogRecord[];
  /** Records before a position. */
  backwards(before: number, count: number): LogRecord[];
  /** The position at which the next record will begin. */
  end(): number;
  /** True for a position at which a record begins, or the log ends. */
  isBoundary(position: number): boolean;
  close(): void;
}

const COLUMNS = 'position, stream, revision, id, type, contentType, created, data, metadata';
/** Bytes of a record beside its data and metadata. */
const HEADER = 96;

export function openLog(file: string, { answersRepeatsWithPosition }: { answersRepeatsWithPosition: boolean }): DoubleLog {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
      contentType TEXT NOT NULL, created INTEGER NOT NULL, data BLOB NOT NULL, metadata BLOB NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS by_stream ON log (stream, revision)`);
  const of = prepare(db);
  let end = endOf(of.backwards.all(Number.MAX_SAFE_INTEGER, 1) as unknown as LogRecord[]);

  const last = (stream: string) => (of.last.get(stream) as { revision: number } | undefined)?.revision ?? -1;

  function insert(stream: string, current: number, events: readonly Proposed[]): AppendOutcome {
    const created = Date.now();
    let [revision, position] = [current, end];
    for (const { id, type, contentType, data, metadata } of events) {
      revision++;
      position = end;
      of.insert.run(position, stream, revision, id, type, contentType, created, data, metadata);
      end += HEADER + data.length + metadata.length;
    }
    return { revision, position };
  }

  function append(stream: string, expected: Expected, events: readonly Proposed[]): AppendOutcome {
    const current = last(stream);
    if (isMet(expected, current)) return insert(stream, current, events);
    return repeated(stream, Number(expected), events) ?? { current };
  }

  /**
   * The first answer to a repeated append, by EventStoreDB's rule: the events that follow the expected revision have the same ids, also where more
   * events were appended with them then.
   */
  function repeated(stream: string, expected: number, events: readonly Proposed[]): AppendOutcome | undefined {
    const there = of.ids.all(stream, expected, events.length) as { id: string; position: number }[];
    const same = there.length === events.length && there.every(({ id }, index) => id === events[index]?.id);
    const position = (answersRepeatsWithPosition && there.at(-1)?.position) || -1;
    return same ? { revision: expected + events.length, position } : undefined;
  }

  return {
    commit: (work) => {
      const before = end;
      db.exec('BEGIN IMMEDIATE');
      try {
        work();
        db.exec('COMMIT');
      } catch (error) {
        end = before;
        db.exec('ROLLBACK');
        throw error;
      }
    },
    append,
    shown: (stream) => {
      const revision = last(stream);
      if (revision < 0) return null;
      const { $maxCount: most = revision + 1, $tb: from = 0 } = metadataIn(of.last.get(`$$${stream}`) as unknown as LogRecord | undefined);
      return { first: Math.max(revision - most + 1, from), last: revision };
    },
    ofStream: (stream, from, step, count) => of[step > 0 ? 'after' : 'until'].all(stream, from, count) as unknown as LogRecord[],
    forwards: (from, count) => of.forwards.all(from, count) as unknown as LogRecord[],
    backwards: (before, count) => of.backwards.all(before, count) as unknown as LogRecord[],
    end: () => end,
    isBoundary: (position) => position === end || of.forwards.all(position, 1).some((record) => record.position === position),
    close: () => db.close(),
  };
}

function isMet(expected: Expected, current: number): boolean {
  return expected === 'any' || (expected === 'stream_exists' ? current >= 0 : expected === current);
}

function metadataIn(record: LogRecord | undefined): { $maxCount?: number; $tb?: number } {
  return record ? JSON.parse(new TextDecoder().decode(record.data)) : {};
}

function endOf([last]: LogRecord[]): number {
  return last ? last.position + HEADER + last.data.length + last.metadata.length : HEADER;
}

function prepare(db: DatabaseSync) {
  const select = (rest: string): StatementSync => db.prepare(`SELECT ${COLUMNS} FROM log WHERE ${rest}`);
  return {
    insert: db.prepare(`INSERT INTO log (${COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)`),
    ids: db.prepare('SELECT id, position FROM log WHERE stream = ? AND revision > ? ORDER BY revision LIMIT ?'),
    last: select('stream = ? ORDER BY revision DESC LIMIT 1'),
    after: select('stream = ? AND revision >= ? ORDER BY revision LIMIT ?'),
    until: select('stream = ? AND revision <= ? ORDER BY revision DESC LIMIT ?'),
    forwards: select('position >= ? ORDER BY position LIMIT ?'),
    backwards: select('position < ? ORDER BY position DESC LIMIT ?'),
  };
}
