/** Reads of the log, on the caller's thread and a connection of their own: a short stream costs tens of microseconds. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Position, RecordedEvent } from '../../../contracts/message.ts';
import { isOurs } from '../../../contracts/ours.ts';
import type { ReadAll, ReadStream } from '../event-store.ts';
import { guarded } from './damage.ts';
import { COLUMNS, fromLeanRow, fromPosition, fromRow, LEAN_COLUMNS, type LeanRow, positionOf, type Row, streamHash, type Table } from './rows.ts';
import { type Sequence, sequence } from './sequence.ts';

/** Events in a page where the caller names no number. */
const PAGE = 1_000;
const EVERY = Number.MAX_SAFE_INTEGER;
/** Events read at a time by whoever looks for the last that is ours. */
const LOOK = 10;

/** The reads behind the port, page by page. */
export interface LogReader {
  stream(table: Table, stream: string, options: ReadStream): Generator<RecordedEvent[]>;
  all(options: ReadAll): Generator<RecordedEvent[]>;
  /** Position of the last event that is ours; 0 when there is none. */
  head(): number;
  close(): void;
}

/** Opens a read-only connection. */
export function openLogReader(file: string): LogReader {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  db.exec('PRAGMA cache_size = -32768; PRAGMA cell_size_check = ON');
  const statements = { events: prepare(db, 'events'), bookkeeping: prepare(db, 'bookkeeping') };
  const endOf = db.prepare('SELECT max(position) AS position FROM events');
  const end = () => guarded(() => (endOf.get() as { position: number | null }).position ?? 0);
  let known = { end: 0, head: 0 };

  /** Looks from the log's end back to the first event that is ours, or to where the last look began. */
  function head(): number {
    const last = end();
    if (last === known.end) return known.head;
    const before = last > known.end ? known : { end: 0, head: 0 };
    known = { end: last, head: lastOfOurs(last, last - before.end) ?? before.head };
    return known.head;
  }

  function lastOfOurs(end: number, count: number): number | undefined {
    for (const page of allEvents(statements.events, end, { direction: 'backwards', limit: count, page: LOOK })) {
      const found = page.find(isOurs);
      if (found) return fromPosition(found.position);
    }
    return undefined;
  }

  return {
    stream: (table, name, options) => (table === 'events' ? streamOfEvents : streamOfBookkeeping)(statements[table], name, options),
    all: (options) =>
      options.log === 'bookkeeping' ? allBookkeeping(statements.bookkeeping, options) : allEvents(statements.events, end(), options),
    head,
    close: () => db.close(),
  };
}

type Statements = ReturnType<typeof prepare>;

/** For each direction its step, its default start, and its statements. */
const DIRECTIONS = {
  forwards: { step: 1, start: 0, stream: 'streamForwards', all: 'allForwards' },
  backwards: { step: -1, start: EVERY, stream: 'streamBackwards', all: 'allBackwards' },
} as const;

/** Reads a stream of events, whose revisions are 0, 1, … without a gap: a read forwards knows the first of its rows, a read backwards the last. */
function* streamOfEvents(
  statements: Statements,
  name: string,
  { direction = 'forwards', from, limit = EVERY }: ReadStream,
): Generator<RecordedEvent[]> {
  const { step, start, stream } = DIRECTIONS[direction];
  const first = Math.max(from ?? start, 0);
  const order = sequence(step, (n) => `${name} has no revision ${n}`);
  if (step > 0) order.expectNext(first);
  const read = byStream(statements[stream], name);
  let count = 0;
  for (const rows of pages({ read, first, limit, page: PAGE, next: (row) => row[2] + step })) {
    count += rows.length;
    yield rows.map((row) => {
      order.take(row[2]);
      return fromRow(row, name);
    });
  }
  if (step < 0 && count < limit) order.endsBefore(-1);
}

/** Reads a bookkeeping stream. Its start may be trimmed, so only the rows themselves can be checked. */
function* streamOfBookkeeping(
  statements: Statements,
  name: string,
  { direction = 'forwards', from, limit = EVERY }: ReadStream,
): Generator<RecordedEvent[]> {
  const { step, start, stream } = DIRECTIONS[direction];
  const read = byStream(statements[stream], name);
  for (const rows of pages({ read, first: from ?? start, limit, page: PAGE, next: (row) => row[2] + step })) yield rows.map((row) => fromRow(row));
}

/** Reads all events: their positions are 1, 2, … without a gap, up to the head as it is at the first page. */
function* allEvents(statements: Statements, head: number, options: ReadAll): Generator<RecordedEvent[]> {
  const { direction = 'forwards', from, limit = EVERY, page = PAGE } = options;
  const { step, all } = DIRECTIONS[direction];
  const first = within(from, step, head);
  const count = Math.min(limit, Math.max(step > 0 ? head - first + 1 : first, 0));
  const order = sequence(step, (n) => `there is nothing at position ${n}`);
  order.expectNext(first);
  const paging = { first, limit: count, page };
  if (options.lean && step > 0) yield* leanEvents(statements, order, paging);
  else {
    const read = (next: number, n: number) => statements[all].all(next, n);
    for (const rows of pages({ ...paging, read, next: (row) => row[0] + step })) {
      yield rows.map((row) => {
        order.take(row[0]);
        return fromRow(row);
      });
    }
  }
  order.endsBefore(first + step * count);
}

function* leanEvents({ leanForwards, allForwards }: Statements, order: Sequence, paging: Omit<Paging, 'read' | 'next'>): Generator<RecordedEvent[]> {
  const read = (next: number, n: number) => leanForwards.all(next, n);
  const alone = (position: number) => fromRow(allForwards.all(position, 1)[0] as unknown as Row);
  for (const rows of pages<LeanRow>({ ...paging, read, next: (row) => positionOf(row) + 1 })) {
    yield rows.map((row) => {
      const position = positionOf(row);
      order.take(position);
      return fromLeanRow(row) ?? alone(position);
    });
  }
}

function* allBookkeeping(statements: Statements, { direction = 'forwards', from, limit = EVERY, page = PAGE }: ReadAll): Generator<RecordedEvent[]> {
  const { step, start, all } = DIRECTIONS[direction];
  const read = (next: number, n: number) => statements[all].all(next, n);
  const first = from === undefined ? start : fromPosition(from);
  for (const rows of pages({ read, first, limit, page, next: (row) => row[0] + step })) yield rows.map((row) => fromRow(row));
}

interface Paging<R = Row> {
  /** Up to `count` rows from `next` on. */
  read(next: number, count: number): unknown[];
  first: number;
  limit: number;
  page: number;
  /** The number at which the next page begins. */
  next(last: R): number;
}

function* pages<R = Row>({ read, first, limit, page, next }: Paging<R>): Generator<R[]> {
  let from = first;
  for (let left = limit; left > 0; ) {
    const count = Math.min(page, left);
    const rows = guarded(() => read(from, count)) as R[];
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    if (rows.length < count) return;
    from = next(last);
    left -= rows.length;
  }
}

function byStream(statement: StatementSync, name: string) {
  const hash = streamHash(name);
  return (next: number, count: number) => statement.all(hash, name, next, count);
}

function within(from: Position | undefined, step: number, head: number): number {
  if (from === undefined) return step > 0 ? 1 : head;
  return step > 0 ? Math.max(fromPosition(from), 1) : Math.min(fromPosition(from), head);
}

/** SQL conditions for the rows of a stream, with the hash of its name and its name as values. */
const OF_STREAM: Record<Table, string> = {
  events: 'birth = (SELECT position FROM events INDEXED BY events_first WHERE hash = ? AND stream = ?)',
  bookkeeping: 'hash = ? AND stream = ?',
};

function prepare(db: DatabaseSync, table: Table) {
  const arrays = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const stream = `SELECT ${COLUMNS} FROM ${table} INDEXED BY ${table}_by_stream WHERE ${OF_STREAM[table]} AND revision`;
  return {
    streamForwards: arrays(`${stream} >= ? ORDER BY revision LIMIT ?`),
    streamBackwards: arrays(`${stream} <= ? ORDER BY revision DESC LIMIT ?`),
    allForwards: arrays(`SELECT ${COLUMNS} FROM ${table} WHERE position >= ? ORDER BY position LIMIT ?`),
    leanForwards: arrays(`SELECT ${LEAN_COLUMNS} FROM ${table} WHERE position >= ? ORDER BY position LIMIT ?`),
    allBackwards: arrays(`SELECT ${COLUMNS} FROM ${table} WHERE position <= ? ORDER BY position DESC LIMIT ?`),
  };
}
