/** Durable appends against bare inserts of the same rows by node:sqlite: one file system, WAL, synchronous=FULL. `node bench/append.ts` prints it. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../contracts/message.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { bestOf, line, type Row } from './measure.ts';

/** Events of a stream, after which a writer begins the next: as many as a task has. */
const STREAM_LENGTH = 10;
const ROUNDS = 5;
const SINGLE = 2_000;
const GROUPED = 32_000;

/** Rates of durable appends of one event each, at 1 and at 32 writers. */
export async function benchAppend(): Promise<Row[]> {
  return [
    await bestOf({
      what: 'durable append, 1 writer',
      unit: 'appends/s',
      target: 0.45,
      rounds: ROUNDS,
      ours: () => appends(1, SINGLE),
      bare: () => inserts(1, SINGLE),
    }),
    await bestOf({
      what: 'durable append, 32 writers',
      unit: 'appends/s',
      target: 0.6,
      rounds: ROUNDS,
      ours: () => appends(32, GROUPED),
      bare: () => inserts(32, GROUPED),
    }),
  ];
}

async function inFolder<T>(work: (dir: string) => Promise<T> | T): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-append-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const example = exampleEvent('TaskCreated');

function newEvent(): NewEvent {
  return { id: randomUUID(), type: example.type, data: example.data, metadata: example.metadata };
}

/** Answers appends per second, each awaited by its writer before the next. */
function appends(writers: number, count: number): Promise<number> {
  return inFolder(async (dataDir) => {
    const store = await openEventStore('sqlite:', { dataDir, log: { error: () => {} } });
    const write = async () => {
      for (let n = 0; n < count / writers; n += STREAM_LENGTH) await writeStream(store);
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: writers }, write));
    const rate = (count / (performance.now() - start)) * 1_000;
    await store.close();
    return rate;
  });
}

async function writeStream(store: EventStore): Promise<void> {
  const stream = `task-${randomUUID()}`;
  for (let revision = NO_STREAM; revision < STREAM_LENGTH - 1; revision++) await store.append(stream, revision, [newEvent()]);
}

/** Answers rows inserted per second, `batch` in each transaction; the table has the events' columns and no index but its key. */
function inserts(batch: number, count: number): Promise<number> {
  return inFolder((dir) => {
    const db = new DatabaseSync(join(dir, 'bare.db'));
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
        time INTEGER NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL) STRICT`);
    const insert = db.prepare('INSERT INTO events (stream, revision, id, type, time, data, metadata) VALUES (?,?,?,?,?,?,?)');
    const [begin, commit] = [db.prepare('BEGIN'), db.prepare('COMMIT')];
    const stream = `task-${randomUUID()}`;
    const insertOne = (revision: number) => {
      const { id, type, data, metadata } = newEvent();
      insert.run(stream, revision, id, type, Date.now(), JSON.stringify(data), JSON.stringify(metadata));
    };
    const start = performance.now();
    for (let n = 0; n < count; n += batch) {
      begin.run();
      for (let index = n; index < n + batch; index++) insertOne(index);
      commit.run();
    }
    const rate = (count / (performance.now() - start)) * 1_000;
    db.close();
    return rate;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchAppend()) process.stdout.write(`${line(row)}\n`);
}
