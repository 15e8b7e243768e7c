/**
 * Appends through the port on EventStoreDB against the bare client at equal concurrency, on the same server: EVENT_STORE_URL_UNDER_TEST, or else the
 * double in a process of its own. `node bench/esdb.ts` prints the lines.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NO_STREAM as EMPTY, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../contracts/message.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { bestOf, line, type Row } from './measure.ts';

/** Events of a stream, after which a writer begins the next: as many as a task has. */
const STREAM_LENGTH = 10;
const ROUNDS = 5;
const TARGET = 0.9;

/** Rates of durable appends of one event each, at 1 and at 32 writers. */
export async function benchEventStoreDb(): Promise<Row[]> {
  const given = process.env.EVENT_STORE_URL_UNDER_TEST;
  const server = given ? { url: given, where: 'EventStoreDB', stop: async () => {} } : await startServer();
  const row = (writers: number, count: number) =>
    bestOf({
      what: `append through ${server.where}, ${writers} writer${writers > 1 ? 's' : ''}`,
      unit: 'appends/s',
      target: TARGET,
      rounds: ROUNDS,
      ours: () => ours(server.url, writers, count),
      bare: () => bare(server.url, writers, count),
    });
  try {
    return [await row(1, 2_000), await row(32, 6_400)];
  } finally {
    await server.stop();
  }
}

/** Starts the double in a process of its own, so that it has a CPU of its own where there is one. */
export async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-esdb-'));
  const program = fileURLToPath(new URL('../platform/event-store/double/main.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--folder', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')) as [string];
  const stop = async () => {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
    rmSync(folder, { recursive: true });
  };
  return { url, where: 'the EventStoreDB double', stop };
}

const example = exampleEvent('TaskCreated');

function newEvent(): NewEvent {
  return { id: randomUUID(), type: example.type, data: example.data, metadata: example.metadata };
}

/** Answers appends per second, each awaited by its writer before the next. */
async function rateOf(writers: number, count: number, writeStream: () => Promise<void>): Promise<number> {
  const write = async () => {
    for (let n = 0; n < count / writers; n += STREAM_LENGTH) await writeStream();
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  return (count / (performance.now() - start)) * 1_000;
}

async function ours(url: string, writers: number, count: number): Promise<number> {
  const store = await openEventStore(url, { dataDir: '', log: { error: () => {} } });
  const rate = await rateOf(writers, count, async () => {
    const stream = `task-${randomUUID()}`;
    for (let revision = NO_STREAM; revision < STREAM_LENGTH - 1; revision++) await store.append(stream, revision, [newEvent()]);
  });
  await store.close();
  return rate;
}

async function bare(url: string, writers: number, count: number): Promise<number> {
  const client = EventStoreDBClient.connectionString(url);
  await client.appendToStream(`task-${randomUUID()}`, jsonEvent({ type: 'Warm', data: {} }));
  const rate = await rateOf(writers, count, async () => {
    const stream = `task-${randomUUID()}`;
    for (let n = 0; n < STREAM_LENGTH; n++) {
      const { id, type, data, metadata } = newEvent();
      const event = jsonEvent({ id, type, data: data as Record<string, unknown>, metadata });
      await client.appendToStream(stream, event, { expectedRevision: n === 0 ? EMPTY : BigInt(n - 1) });
    }
  });
  await client.dispose();
  return rate;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchEventStoreDb()) process.stdout.write(`${line(row)}\n`);
}
