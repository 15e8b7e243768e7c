/** The two log tables on the writer's side: their ends, the ends of their streams, and the judging and recording of appends. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { NO_STREAM } from '../../../contracts/message.ts';
import { COLUMNS, check, checksum, type Row, streamHash, type Table } from './rows.ts';
import type { WireAppend, WireResult } from './wire.ts';
import type { End } from './witness.ts';

/** A log table on the writing connection. Errors: SQLite's own, StoreDamaged. */
export interface LogTable {
  /** Position and checksum of the last row. */
  end(): End;
  checksumAt(position: number): number | undefined;
  /** Judges an append and records it, in the transaction that is open. */
  append(append: WireAppend): WireResult;
  /** Forgets the remembered ends of streams, after a transaction was rolled back. */
  reload(): void;
}

/** The end of a stream: its last revision and, of a stream of events, the position of its first event. */
interface Last {
  revision: number;
  birth: number;
}

/** The operations that differ between the two tables. */
interface Finding {
  last(stream: string): Last;
  /** Ids and positions of the stream's next events after a revision. */
  following(stream: string, birth: number, revision: number, count: number): [string, number][];
  write(row: Row, birth: number): void;
  /** Drops a stream's events up to a revision. */
  drop(stream: string, revision: number): void;
}

/** Streams whose end is remembered, so that an append to a stream in use reads nothing. */
const REMEMBERED = 50_000;

/** Opens the table of forwardable events. */
export function openEvents(db: DatabaseSync): LogTable {
  const find = arrays(db, 'SELECT position FROM events INDEXED BY events_first WHERE hash = ? AND stream = ?');
  const lastOf = arrays(db, `SELECT ${COLUMNS} FROM events INDEXED BY events_by_stream WHERE birth = ? ORDER BY revision DESC LIMIT 1`);
  const idsAfter = arrays(
    db,
    'SELECT id, position FROM events INDEXED BY events_by_stream WHERE birth = ? AND revision > ? ORDER BY revision LIMIT ?',
  );
  const insert = db.prepare(`INSERT INTO events (${COLUMNS}, birth, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?)`);
  return openTable(db, 'events', {
    last: (stream) => {
      const first = find.get(streamHash(stream), stream) as [number] | undefined;
      return first ? { revision: lastRevision(lastOf.get(first[0]), stream), birth: first[0] } : { revision: NO_STREAM, birth: 0 };
    },
    following: (_, birth, revision, count) => idsAfter.all(birth, revision, count) as unknown as [string, number][],
    write: (row, birth) => void insert.run(...row, birth, row[2] === 0 ? streamHash(row[1]) : null),
    drop: () => {},
  });
}

/** Opens the table of bookkeeping, of which old revisions may be dropped. */
export function openBookkeeping(db: DatabaseSync): LogTable {
  const from = 'FROM bookkeeping INDEXED BY bookkeeping_by_stream WHERE hash = ? AND stream = ?';
  const lastOf = arrays(db, `SELECT ${COLUMNS} ${from} ORDER BY revision DESC LIMIT 1`);
  const idsAfter = arrays(db, `SELECT id, position ${from} AND revision > ? ORDER BY revision LIMIT ?`);
  const insert = db.prepare(`INSERT INTO bookkeeping (${COLUMNS}, hash) VALUES (?,?,?,?,?,?,?,?,?,?)`);
  const remove = db.prepare('DELETE FROM bookkeeping WHERE hash = ? AND stream = ? AND revision <= ?');
  return openTable(db, 'bookkeeping', {
    last: (stream) => ({ revision: lastRevision(lastOf.get(streamHash(stream), stream), stream), birth: 0 }),
    following: (stream, _, revision, count) => idsAfter.all(streamHash(stream), stream, revision, count) as unknown as [string, number][],
    write: (row) => void insert.run(...row, streamHash(row[1])),
    drop: (stream, revision) => void remove.run(streamHash(stream), stream, revision),
  });
}

function openTable(db: DatabaseSync, table: Table, finding: Finding): LogTable {
  // The last row is never dropped (it is the last of its stream), so the table's end is the log's.
  const endOf = arrays(db, `SELECT position, checksum FROM ${table} ORDER BY position DESC LIMIT 1`);
  const sumAt = arrays(db, `SELECT checksum FROM ${table} WHERE position = ?`);
  const remembered = new LRUCache<string, Last>({ max: REMEMBERED });
  let end: End;
  const reload = () => {
    const [position, sum] = (endOf.get() ?? [0, 0]) as [number, number];
    end = { position, checksum: sum };
    remembered.clear();
  };
  reload();

  function insert({ stream, expected, events, keep, times = [] }: WireAppend, last: Last): WireResult {
    const now = Date.now();
    const birth = expected === NO_STREAM ? end.position + 1 : last.birth;
    let revision = expected;
    for (const { id, type, data, metadata } of events) {
      revision++;
      const position = end.position + 1;
      const time = times[revision - expected - 1] ?? now;
      const sum = checksum([position, stream, revision, id, type, time, data, metadata]);
      finding.write([position, stream, revision, id, type, time, data, metadata, sum], birth);
      end = { position, checksum: sum };
    }
    remembered.set(stream, { revision, birth });
    if (keep > 0 && revision >= keep) finding.drop(stream, revision - keep);
    return { revision, position: end.position };
  }

  /** The first answer to a repeated append: one with the ids of the events that follow the expected revision; undefined for any other. */
  function repeated({ stream, expected, events }: WireAppend, last: Last): WireResult | undefined {
    if (expected >= last.revision) return undefined;
    const there = finding.following(stream, last.birth, expected, events.length);
    const same = there.length === events.length && there.every(([id], index) => id === events[index]?.id);
    return same ? { revision: expected + events.length, position: there.at(-1)?.[1] ?? 0 } : undefined;
  }

  return {
    end: () => end,
    checksumAt: (position) => (sumAt.get(position) as [number] | undefined)?.[0],
    append: (it) => {
      const last = remembered.get(it.stream) ?? finding.last(it.stream);
      if (last.revision !== it.expected) return repeated(it, last) ?? { actual: last.revision };
      return insert(it, last);
    },
    reload,
  };
}

/** The revision in a stream's last row, whose checksum must be right; NO_STREAM where there is no row. Error: StoreDamaged. */
function lastRevision(row: unknown, stream: string): number {
  if (!row) return NO_STREAM;
  check(row as Row, stream);
  return (row as Row)[2];
}

function arrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}
