/**
 * A rebuild of the task list from an EventStoreDB (its double, in a process of its own) whose log also has 200 MB of the server's own, against one from a log
 * that has none. `node bench/foreign.ts` prints the line.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { openEventStore } from '../platform/event-store/open.ts';
import { startServer } from './esdb.ts';
import { bestOf, line, type Row } from './measure.ts';
import { fill, rebuild } from './rebuild.ts';

const EVENTS = 4_000;
/** Foreign events, as many before ours as behind them, and the characters in each. */
const FOREIGN = 2_000;
const SIZE = 100_000;
const AT_ONCE = 10;
const TARGET = 0.5;
const log = { error: () => {}, warn: () => {}, info: () => {} };

/** The row of a rebuild's rate with 200 MB of foreign events in the log, against that without. */
export async function benchForeign(): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-foreign-'));
  const [crowded, own] = [await startServer(), await startServer()];
  const open = (url: string) => openEventStore(url, { dataDir, log });
  const [ours, bare] = [await open(crowded.url), await open(own.url)];
  try {
    await appendForeign(crowded.url, FOREIGN / 2);
    await fill(ours, EVENTS);
    await appendForeign(crowded.url, FOREIGN / 2);
    await fill(bare, EVENTS);
    const what = `rebuild of ${EVENTS / 1_000} k events beside ${(FOREIGN * SIZE) / 1_000_000} MB of a \`$\` stream (bare: without them)`;
    return [
      await bestOf({ what, unit: 'events/s', target: TARGET, rounds: 2, ours: () => rebuild(ours, dataDir), bare: () => rebuild(bare, dataDir) }),
    ];
  } finally {
    await Promise.all([ours.close(), bare.close()]);
    await Promise.all([crowded.stop(), own.stop()]);
    rmSync(dataDir, { recursive: true });
  }
}

async function appendForeign(url: string, count: number): Promise<void> {
  const client = EventStoreDBClient.connectionString(url);
  const text = 'x'.repeat(SIZE);
  for (let n = 0; n < count; n += AT_ONCE) {
    const events = Array.from({ length: AT_ONCE }, () => jsonEvent({ type: '$statsCollected', data: { text } }));
    await client.appendToStream('$stats-127.0.0.1:2113', events);
  }
  await client.dispose();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) for (const row of await benchForeign()) process.stdout.write(`${line(row)}\n`);
