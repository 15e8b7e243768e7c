/** The one who writes: owns the writing connection, commits what waits as one group, keeps the witness. Runs in a thread of its own (writer-thread.ts). */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isForwardable } from '../../contracts/message.ts';
import { asDamage, checksum, SCHEMA, streamHash } from './rows.ts';
import { type Ends, openWitness } from './witness.ts';

/** An event as it crosses to the thread: plain text. */
export interface WireEvent {
  id: string;
  type: string;
  data: string;
  metadata: string;
}

export interface WireAppend {
  stream: string;
  expected: number;
  events: WireEvent[];
  keep: number;
}

/** What became of an append; `actual` where the expected revision was wrong. */
export type WireResult = { revision: number; position: number } | { actual: number };

export interface LogWriter {
  /** Commits a group of appends, each judged on its own. Throws when nothing of it was recorded. */
  commit(appends: readonly WireAppend[]): WireResult[];
  /** Writes the witness, folds the write-ahead log into the file, closes. */
  close(): void;
}

interface Last {
  position: number;
  revision: number;
}

/** Opens (and where it is missing makes) the file, and compares it with its witness. Errors: StoreDamaged, SQLite's own. */
export function openLogWriter(file: string): LogWriter {
  try {
    return open(file);
  } catch (error) {
    throw asDamage(error);
  }
}

function open(file: string): LogWriter {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 2000; PRAGMA cell_size_check = ON',
  );
  db.exec(SCHEMA);
  const events = openTable(db, 'events');
  const bookkeeping = openTable(db, 'bookkeeping');
  const ends = (): Ends => ({ events: events.end(), bookkeeping: bookkeeping.end() });
  const witness = openWitness(file, ends(), (table, position) => (table === 'events' ? events : bookkeeping).checksumAt(position));
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');

  function append(it: WireAppend): WireResult {
    const table = isForwardable(it.stream) ? events : bookkeeping;
    const last = table.last(it.stream);
    if (last.revision !== it.expected) return table.repeated(it) ?? { actual: last.revision };
    const result = table.insert(it);
    if (it.keep > 0) table.trim(it.stream, result.revision - it.keep);
    return result;
  }

  return {
    commit: (appends) => {
      begin.run();
      try {
        const results = appends.map(append);
        commit.run();
        witness.moved(ends);
        return results;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        events.reload();
        bookkeeping.reload();
        throw asDamage(error);
      }
    },
    close: () => {
      witness.close(ends);
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

function openTable(db: DatabaseSync, table: 'events' | 'bookkeeping') {
  const insert: StatementSync = db.prepare(
    `INSERT INTO ${table} (position, stream, revision, id, type, time, data, metadata, checksum, hash) VALUES (?,?,?,?,?,?,?,?,?,?)`,
  );
  const lastOf = db.prepare(
    `SELECT position, revision FROM ${table} INDEXED BY ${table}_by_stream WHERE hash = ? AND stream = ? ORDER BY revision DESC LIMIT 1`,
  );
  const idsFrom = db.prepare(
    `SELECT id, position FROM ${table} INDEXED BY ${table}_by_stream WHERE hash = ? AND stream = ? AND revision > ? ORDER BY revision LIMIT ?`,
  );
  const drop = db.prepare(`DELETE FROM ${table} WHERE hash = ? AND stream = ? AND revision <= ?`);
  const endOf =
    table === 'events'
      ? db.prepare('SELECT max(position) AS position FROM events')
      : db.prepare("SELECT seq AS position FROM sqlite_sequence WHERE name = 'bookkeeping'");
  const sumAt = db.prepare(`SELECT checksum FROM ${table} WHERE position = ?`);
  let end = { position: 0, checksum: 0 };

  const checksumAt = (position: number) => (sumAt.get(position) as { checksum: number } | undefined)?.checksum;
  const reload = () => {
    const position = (endOf.get() as { position: number | null } | undefined)?.position ?? 0;
    end = { position, checksum: checksumAt(position) ?? 0 };
  };
  reload();

  return {
    end: () => end,
    reload,
    checksumAt,
    last: (stream: string): Last => (lastOf.get(streamHash(stream), stream) as Last | undefined) ?? { position: 0, revision: -1 },
    /** The first answer to an append that is here already: the same ids, at the same revision. */
    repeated: ({ stream, expected, events }: WireAppend): WireResult | undefined => {
      const rows = idsFrom.all(streamHash(stream), stream, expected, events.length) as { id: string; position: number }[];
      const same = rows.length === events.length && rows.every((row, index) => row.id === events[index]?.id);
      return same ? { revision: expected + events.length, position: rows.at(-1)?.position ?? 0 } : undefined;
    },
    insert: ({ stream, expected, events }: WireAppend): WireResult & { revision: number } => {
      const hash = streamHash(stream);
      const time = Date.now();
      let revision = expected;
      for (const { id, type, data, metadata } of events) {
        revision++;
        const position = end.position + 1;
        const sum = checksum([position, stream, revision, id, type, time, data, metadata]);
        insert.run(position, stream, revision, id, type, time, data, metadata, sum, hash);
        end = { position, checksum: sum };
      }
      return { revision, position: end.position };
    },
    trim: (stream: string, revision: number) => {
      if (revision >= 0) drop.run(streamHash(stream), stream, revision);
    },
  };
}
