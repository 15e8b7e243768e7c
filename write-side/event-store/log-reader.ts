/** Reads of the log, on the caller's thread and by a connection of their own: a short stream costs tens of microseconds. */
import { DatabaseSync } from 'node:sqlite';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { ReadAll, ReadStream } from './event-store.ts';
import { asDamage, COLUMNS, damaged, fromPosition, fromRow, type Row, streamHash } from './rows.ts';

const PAGE = 1_000;

type Table = 'events' | 'bookkeeping';

/** The page-wise reads behind the port. */
export interface LogReader {
  stream(table: Table, stream: string, options: ReadStream): Generator<RecordedEvent[]>;
  all(options: ReadAll): Generator<RecordedEvent[]>;
  /** Position of the last forwardable event; 0 when there is none. */
  head(): number;
  /** Compares every index with its table, and the file's structure: slow for a large log. Error: StoreDamaged. */
  verify(): void;
  close(): void;
}

/** Opens a read-only connection. */
export function openLogReader(file: string): LogReader {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  db.exec('PRAGMA cache_size = -32768; PRAGMA cell_size_check = ON');
  const statements = { events: prepare(db, 'events'), bookkeeping: prepare(db, 'bookkeeping') };
  const headOf = db.prepare('SELECT max(position) AS position FROM events');

  const head = () => guarded(() => (headOf.get() as { position: number | null }).position ?? 0);

  function* stream(
    table: Table,
    name: string,
    { direction = 'forwards', from, limit = Number.MAX_SAFE_INTEGER }: ReadStream,
  ): Generator<RecordedEvent[]> {
    const forwards = direction === 'forwards';
    const statement = statements[table][forwards ? 'streamForwards' : 'streamBackwards'];
    const step = forwards ? 1 : -1;
    let next = from ?? (forwards ? 0 : Number.MAX_SAFE_INTEGER);
    // Bookkeeping is trimmed at its start; where a log of events has no first revision, something is missing.
    let sure = table === 'events' && forwards && next >= 0;
    for (let left = limit; left > 0; ) {
      const rows = guarded(() => statement.all(streamHash(name), name, next, Math.min(PAGE, left))) as unknown as Row[];
      const events = rows.map((row) => {
        if (sure && row[2] !== next) throw damaged(`${name} has no revision ${next}`);
        sure = true;
        next = row[2] + step;
        return fromRow(row);
      });
      if (events.length > 0) yield events;
      if (events.length < PAGE || next < 0) {
        if (table === 'events' && !forwards && events.length < Math.min(PAGE, left) && next >= 0 && sure)
          throw damaged(`${name} has no revision ${next}`);
        return;
      }
      left -= events.length;
    }
  }

  function* all({ direction = 'forwards', from, limit = Number.MAX_SAFE_INTEGER, page = PAGE, log = 'events' }: ReadAll): Generator<RecordedEvent[]> {
    const forwards = direction === 'forwards';
    const statement = statements[log][forwards ? 'allForwards' : 'allBackwards'];
    const end = forwards && log === 'events' ? head() : Number.MAX_SAFE_INTEGER;
    let next = startOf(forwards, from, log === 'events' ? head() : Number.MAX_SAFE_INTEGER);
    for (let left = limit; left > 0 && next > 0 && next <= end; ) {
      const rows = guarded(() => statement.all(next, Math.min(page, left, end - next + 1))) as unknown as Row[];
      if (log === 'events' && (rows.length === 0 || rows[0]?.[0] !== next)) throw damaged(`there is nothing at position ${next}`);
      const events: RecordedEvent[] = [];
      for (const row of rows) {
        if (log === 'events' && row[0] !== next) throw damaged(`there is nothing at position ${next}`);
        next = row[0] + (forwards ? 1 : -1);
        events.push(fromRow(row));
      }
      if (events.length === 0) return;
      left -= events.length;
      yield events;
    }
  }

  return {
    stream,
    all,
    head,
    verify: () =>
      guarded(() => {
        for (const row of db.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[]) {
          if (row.integrity_check !== 'ok') throw damaged(row.integrity_check);
        }
      }),
    close: () => db.close(),
  };
}

function startOf(forwards: boolean, from: string | undefined, head: number): number {
  const given = from === undefined ? undefined : fromPosition(from);
  return forwards ? Math.max(given ?? 1, 1) : Math.min(given ?? head, head);
}

function prepare(db: DatabaseSync, table: Table) {
  const arrays = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const stream = `SELECT ${COLUMNS} FROM ${table} INDEXED BY ${table}_by_stream WHERE hash = ? AND stream = ? AND revision`;
  return {
    streamForwards: arrays(`${stream} >= ? ORDER BY revision LIMIT ?`),
    streamBackwards: arrays(`${stream} <= ? ORDER BY revision DESC LIMIT ?`),
    allForwards: arrays(`SELECT ${COLUMNS} FROM ${table} WHERE position >= ? ORDER BY position LIMIT ?`),
    allBackwards: arrays(`SELECT ${COLUMNS} FROM ${table} WHERE position <= ? ORDER BY position DESC LIMIT ?`),
  };
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asDamage(error);
  }
}
