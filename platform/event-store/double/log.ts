/**
 * The double's log in one SQLite file: one log of all streams, as EventStoreDB has it. A position is the byte at which a record begins, so that
 * most numbers are the position of nothing; `$all` shows events that a stream's metadata hide in the stream.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isSoftDeleted, metastreamOf, originalOf, softDeletion, softUndeletion, TOMBSTONE, truncationIn } from './deletions.ts';

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

/**
 * The outcome of an append: where it was recorded, or the `current` revision where another one was expected (-1: there is no such stream), or that
 * the stream has a tombstone.
 */
export type AppendOutcome = { revision: number; position: number } | { current: number } | 'deleted';

export interface DoubleLog {
  /** Runs work in one durable transaction. */
  commit(work: () => void): void;
  append(stream: string, expected: Expected, events: readonly Proposed[]): AppendOutcome;
  /** Deletes a stream: softly, so that it may be begun again behind its last revision, or for good, by a tombstone. */
  remove(stream: string, expected: Expected, how: 'softly' | 'for good'): AppendOutcome;
  /** The revisions of a stream that are shown to readers; null where there is no such stream, or it was deleted softly. */
  shown(stream: string): { first: number; last: number } | 'deleted' | null;
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

  const metadataOf = (stream: string) => (of.last.get(metastreamOf(stream)) as LogRecord | undefined)?.data;
  const isGone = (stream: string) => isSoftDeleted(metadataOf(stream));
  const isDeleted = (stream: string) => last(stream) === TOMBSTONE || last(originalOf(stream)) === TOMBSTONE;

  function append(stream: string, expected: Expected, events: readonly Proposed[]): AppendOutcome {
    if (isDeleted(stream)) return 'deleted';
    const current = last(stream);
    if (expected === current) return write(stream, current, events);
    return repeated(stream, Number(expected), events) ?? writeUnmet(stream, expected, events);
  }

  /** Records events where the stream is at another revision than was expected, but may take them. */
  function writeUnmet(stream: string, expected: Expected, events: readonly Proposed[]): AppendOutcome {
    const current = last(stream);
    const takes = isMet(expected, current) || (expected === -1 && isGone(stream));
    return takes ? write(stream, current, events) : { current };
  }

  /** Records events. What is written to a stream that was deleted softly, or to its metadata, begins the stream again behind its last revision. */
  function write(stream: string, current: number, events: readonly Proposed[]): AppendOutcome {
    const original = originalOf(stream);
    const begunAgain = isGone(original) ? last(original) + 1 : undefined;
    const outcome = insert(stream, current, events);
    if (begunAgain !== undefined) undelete(original, begunAgain);
    return outcome;
  }

  function undelete(stream: string, from: number): void {
    const name = metastreamOf(stream);
    insert(name, last(name), [softUndeletion(metadataOf(stream), from)]);
  }

  function remove(stream: string, expected: Expected, how: 'softly' | 'for good'): AppendOutcome {
    if (isDeleted(stream)) return 'deleted';
    const current = last(stream);
    if (!isMet(expected, current)) return { current };
    if (how === 'for good')
      return insert(stream, TOMBSTONE - 1, [
        { ...softDeletion(), type: '$streamDeleted', contentType: 'application/octet-stream', data: new Uint8Array() },
      ]);
    const name = metastreamOf(stream);
    return insert(name, last(name), [softDeletion()]);
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
    remove,
    shown: (stream) => {
      const revision = last(stream);
      if (isDeleted(stream)) return 'deleted';
      if (revision < 0 || isGone(stream)) return null;
      const { most = revision + 1, from = 0 } = truncationIn(metadataOf(stream));
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
