/**
 * A rebuild of the task list against a bare read of the same log: pages of 5,000 rows by node:sqlite, and JSON parsed.
 * `node bench/rebuild.ts [events…]` prints the lines (100,000 and 1,000,000 where none is named).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { exampleEvent } from '../contracts/catalog.ts';
import type { NewEvent } from '../contracts/message.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import { stableId } from '../platform/stable-id.ts';
import { taskList } from '../projections/projectors/task-list.ts';
import { build } from '../projections/rebuild.ts';
import { bestOf, line, type Row } from './measure.ts';

/** The events of every task of the log, which are appended two at a time. */
const LIFE: [string, object][] = [
  ['TaskCreated', { description: 'The one beside the lift flickers, and sometimes it is dark all night.' }],
  ['TaskAssigned', { atCreation: true }],
  ['TaskCommented', { text: 'The spare lamps are in the cellar, behind the old boiler.' }],
  ['TaskStatusChanged', { from: 'open', to: 'in-progress' }],
  ['TaskEdited', { priority: 'urgent', title: undefined }],
  ['TaskCommented', { text: 'Found one. It does not fit.' }],
  ['TaskStatusChanged', { from: 'in-progress', to: 'open' }],
  ['TaskCommented', { text: 'The right ones come on Thursday.' }],
  ['TaskStatusChanged', { from: 'open', to: 'in-progress' }],
  ['TaskStatusChanged', { from: 'in-progress', to: 'done' }],
];
/** Tasks that are alive at once: their events are mixed in the log. */
const ALIVE = 1_000;
const PLACES = ['hall', 'cellar', 'attic', 'garden', 'lift', 'garage', 'roof', 'laundry', 'stairs', 'gate', 'boiler room', 'bicycle shed'];
const PAGE = 5_000;
const log = { error: () => {}, warn: () => {}, info: () => {} };

/** The row of a rebuild's rate, documents and indexes written, of a log of so many events (ten a task). */
export async function benchRebuild(events: number): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-rebuild-'));
  const store = await openEventStore('sqlite:', { dataDir, log });
  try {
    await fill(store, events);
    const row = await bestOf({
      what: `rebuild of the task list, ${events / 1_000} k events`,
      unit: 'events/s',
      target: 0.5,
      rounds: events > 500_000 ? 2 : 3,
      ours: () => rebuild(store, dataDir),
      bare: () => read(join(dataDir, 'events.db')),
    });
    return [row];
  } finally {
    await store.close();
    rmSync(dataDir, { recursive: true });
  }
}

/** Fills a log with so many events, ten a task. */
export async function fill(store: EventStore, events: number): Promise<void> {
  const tasks = Math.ceil(events / LIFE.length);
  for (let first = 0; first < tasks; first += ALIVE) {
    const alive = Array.from({ length: Math.min(ALIVE, tasks - first) }, (_, n) => first + n);
    for (let revision = 0; revision < LIFE.length; revision += 2) await Promise.all(alive.map((task) => happens(store, task, revision)));
  }
}

/** Appends two events of a task's life. */
function happens(store: EventStore, task: number, revision: number): Promise<unknown> {
  const stream = `task-${stableId('bench', String(task))}`;
  const title = `Replace lamp ${task} in the ${PLACES[task % PLACES.length]}`;
  const events = LIFE.slice(revision, revision + 2).map(([type, data], index): NewEvent => {
    const { metadata, data: example } = exampleEvent(type);
    const topics = ['tasks', stream.replace('-', ':'), `user:${metadata.actor}`];
    return {
      id: stableId(stream, String(revision + index)),
      type,
      data: { ...(example as object), ...(type === 'TaskCreated' ? { title } : {}), ...data },
      metadata: { ...metadata, bodyHash: metadata.commandId, topics },
    };
  });
  return store.append(stream, revision - 1, events);
}

/** Answers events per second, from the log's start until the new documents can be read. */
export async function rebuild(store: EventStore, dataDir: string): Promise<number> {
  const file = join(dataDir, 'read-models.db');
  const readModels = await openReadModels(`sqlite:${file}`, { dataDir, log });
  const begun = performance.now();
  const building = await build(taskList, { store, readModels });
  const events = await building.readOn();
  await readModels.ready(taskList.model, building.generation);
  await readModels.update(taskList.model, { generation: building.generation });
  const seconds = (performance.now() - begun) / 1_000;
  await readModels.close();
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  return events / seconds;
}

/** Answers events per second of a bare read. */
function read(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const statement = db.prepare(
    'SELECT position, stream, revision, id, type, time, data, metadata FROM events WHERE position > ? ORDER BY position LIMIT ?',
  );
  statement.setReturnArrays(true);
  const begun = performance.now();
  let last = 0;
  let events = 0;
  for (let rows = page(); rows.length > 0; rows = page()) {
    for (const row of rows) parsed(row);
    events += rows.length;
    last = Number(rows.at(-1)?.[0]);
  }
  db.close();
  return (1_000 * events) / (performance.now() - begun);

  function page(): unknown[][] {
    return statement.all(last, PAGE) as unknown as unknown[][];
  }
}

function parsed([position, stream, revision, id, type, time, data, metadata]: unknown[]): object {
  return { position, stream, revision, id, type, time, data: JSON.parse(String(data)), metadata: JSON.parse(String(metadata)) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100_000, 1_000_000];
  for (const events of sizes) for (const row of await benchRebuild(events)) process.stdout.write(`${line(row)}\n`);
}
