import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { all } from './event-store.suite.ts';
import { StoreDamaged } from './event-store.ts';
import { anEvent } from './example-event.fixture.ts';
import { openEventStore } from './open.ts';

/** Every byte in `npm run faults`, a sample in `npm test`. */
const FLIPS = process.env.DAMAGE === 'all' ? Number.POSITIVE_INFINITY : 100;
const STREAMS = ['task-a', 'task-b', 'task-c', '_checkpoint-x', '_email-y'];
const FILES = ['events.db', 'events.db-wal', 'events.db-witness'];
const log = { error: () => {} };

/** All that can be read of a store; the damage where that is what it says. */
async function readEverything(dataDir: string): Promise<RecordedEvent[][] | 'damaged'> {
  try {
    const store = await openEventStore('sqlite:', { dataDir, log });
    try {
      const streams = await Promise.all(STREAMS.map((stream) => all(store.readStream(stream))));
      const backwards = await Promise.all(STREAMS.map((stream) => all(store.readStream(stream, { direction: 'backwards' }))));
      return [await all(store.readAll()), await all(store.readAll({ log: 'bookkeeping' })), ...streams, ...backwards];
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreDamaged) return 'damaged';
    throw error;
  }
}

function copyOf(folder: string): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'damage-'));
  for (const file of FILES.filter((one) => existsSync(join(folder, one)))) copyFileSync(join(folder, file), join(dataDir, file));
  return dataDir;
}

describe('invariant 16: a flipped byte is harmless or reported', () => {
  const clean = mkdtempSync(join(tmpdir(), 'damage-clean-'));
  const open = mkdtempSync(join(tmpdir(), 'damage-open-'));
  let expected: RecordedEvent[][] | 'damaged';

  beforeAll(async () => {
    const store = await openEventStore('sqlite:', { dataDir: clean, log });
    for (const stream of STREAMS) {
      for (let revision = NO_STREAM; revision < 11; revision++)
        await store.append(stream, revision, [anEvent({ text: `${stream} ${revision} ${'lamp '.repeat(20)}` })]);
    }
    // A copy while it is open: all of it is in the write-ahead log, and the witness has seen it.
    await vi.waitFor(() => expect(existsSync(join(clean, 'events.db-witness'))).toBe(true), { timeout: 5_000 });
    await vi.waitFor(() => expect(JSON.parse(readFileSync(join(clean, 'events.db-witness'), 'utf8')).bookkeeping.position).toBe(24), {
      timeout: 5_000,
    });
    for (const name of FILES) copyFileSync(join(clean, name), join(open, name));
    await store.close();
    expected = await readEverything(clean);
    expect(expected).toHaveLength(12);
  });
  afterAll(() => {
    rmSync(clean, { recursive: true });
    rmSync(open, { recursive: true });
  });

  it.each([
    ['the data file', clean, 'events.db'],
    ['the write-ahead log', open, 'events.db-wal'],
  ])('in %s', { timeout: 3_600_000 }, async (_, folder, name) => {
    const bytes = readFileSync(join(folder, name));
    const step = Math.max(1, Math.floor(bytes.length / FLIPS));
    let reported = 0;
    for (let at = Math.floor(Math.random() * step); at < bytes.length; at += step) {
      const dataDir = copyOf(folder);
      const damaged = Buffer.from(bytes);
      damaged[at] = (bytes[at] as number) ^ (1 << Math.floor(Math.random() * 8));
      writeFileSync(join(dataDir, name), damaged);
      const found = await readEverything(dataDir);
      rmSync(dataDir, { recursive: true });
      reported += Number(found === 'damaged');
      if (found !== 'damaged') expect(found, `byte ${at} of ${bytes.length}`).toEqual(expected);
    }
    expect(reported).toBeGreaterThan(0);
  });
});
