/**
 * A rebuild of the task list into a server that speaks MongoDB's protocol, against a bare unordered bulkWrite of the same documents.
 * `node bench/mongodb.ts [tasks…]` prints the lines (2,000 where none is named: FerretDB reads a whole collection for most of what it does).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MongoClient } from 'mongodb';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../contracts/message.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import { stableId } from '../platform/stable-id.ts';
import { taskList } from '../projections/projectors/task-list.ts';
import { build } from '../projections/rebuild.ts';
import { startFerretDb } from '../servers/ferretdb.ts';
import { bestOf, line, type Row } from './measure.ts';

/** Appends under way at once, and operations of one bulkWrite. */
const AT_ONCE = 1_000;
const log = { error: () => {}, warn: () => {}, info: () => {} };

/** The row of documents per second, of a log of so many tasks, each just made: one event a document, as the bare client gets one. */
export async function benchMongoDb(tasks = 2_000): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-mongodb-'));
  const server = await startFerretDb();
  const store = await openEventStore('sqlite:', { dataDir, log });
  const client = await MongoClient.connect(server.url);
  try {
    await fill(store, tasks);
    const documents = await documentsOf(store, `${server.url}documents`, client);
    let run = 0;
    const row = await bestOf({
      what: `rebuild of the task list into the MongoDB protocol, ${tasks} tasks`,
      unit: 'documents/s',
      target: 0.7,
      rounds: 5,
      ours: () => rebuild(store, `${server.url}ours_${run++}`, client),
      bare: () => bulkWrite(client, `bare_${run++}`, documents),
    });
    return [row];
  } finally {
    await client.close();
    await store.close();
    await server.close();
    rmSync(dataDir, { recursive: true });
  }
}

async function fill(store: EventStore, tasks: number): Promise<void> {
  for (let first = 0; first < tasks; first += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, tasks - first) }, (_, n) => made(store, first + n)));
  }
}

function made(store: EventStore, task: number): Promise<unknown> {
  const stream = `task-${stableId('bench', String(task))}`;
  const { type, metadata, data } = exampleEvent('TaskCreated');
  const event: NewEvent = {
    id: stableId(stream, '0'),
    type,
    data: {
      ...(data as object),
      title: `Replace lamp ${task} in the hall`,
      description: 'The one beside the lift flickers, and sometimes it is dark all night.',
    },
    metadata: { ...metadata, bodyHash: metadata.commandId, topics: ['tasks', stream.replace('-', ':'), `user:${metadata.actor}`] },
  };
  return store.append(stream, NO_STREAM, [event]);
}

/** Answers documents per second, from the log's start until they can be read (without their indexes: the bare client makes none). */
async function rebuild(store: EventStore, url: string, client: MongoClient): Promise<number> {
  const readModels = await openReadModels(url, { dataDir: '', log });
  const begun = performance.now();
  const building = await build(taskList, { store, readModels });
  const events = await building.readOn();
  const seconds = (performance.now() - begun) / 1_000;
  await readModels.close();
  await client.db(databaseOf(url)).dropDatabase();
  return events / seconds;
}

async function bulkWrite(client: MongoClient, database: string, documents: readonly Kept[]): Promise<number> {
  const db = client.db(database);
  const collection = db.collection<Kept>('task_list_1');
  const begun = performance.now();
  for (let from = 0; from < documents.length; from += AT_ONCE) {
    const operations = documents.slice(from, from + AT_ONCE).map((document) => ({ insertOne: { document } }));
    await collection.bulkWrite(operations, { ordered: false });
  }
  const seconds = (performance.now() - begun) / 1_000;
  await db.dropDatabase();
  return documents.length / seconds;
}

type Kept = { _id: string; position: string; document: object | null };

/** The documents of the task list, as a rebuild leaves them. */
async function documentsOf(store: EventStore, url: string, client: MongoClient): Promise<Kept[]> {
  const readModels = await openReadModels(url, { dataDir: '', log });
  const building = await build(taskList, { store, readModels });
  await building.readOn();
  await readModels.close();
  return client.db(databaseOf(url)).collection<Kept>(`task_list_${building.generation}`).find().toArray();
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [2_000];
  for (const tasks of sizes) for (const row of await benchMongoDb(tasks)) process.stdout.write(`${line(row)}\n`);
}
