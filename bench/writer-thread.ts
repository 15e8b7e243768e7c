/**
 * The writer in a thread of its own against the writer on the main thread: throughput and how long the event loop is held up.
 * `node bench/writer-thread.ts` prints the figures of docs/decisions/0001-writer-thread.md.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { openGroupCommit } from '../platform/event-store/sqlite/group-commit.ts';
import { openLogWriter } from '../platform/event-store/sqlite/log-writer.ts';
import type { WireAppend, WireResult } from '../platform/event-store/sqlite/wire.ts';

interface Writer {
  append(append: WireAppend): Promise<WireResult>;
  close(): Promise<void>;
}

const nothing = () => {};
const ROUNDS = 5;
const STREAM_LENGTH = 10;
const example = exampleEvent('TaskCreated');

const threaded = (file: string): Promise<Writer> => openGroupCommit({ file, committed: nothing, damaged: nothing, ended: nothing, said: nothing });

/** The same group commit without the thread: all appends of one turn of the event loop are one transaction. */
async function onMainThread(file: string): Promise<Writer> {
  const writer = openLogWriter(file, { error: nothing });
  let waiting: { append: WireAppend; resolve(result: WireResult): void }[] = [];
  const commit = () => {
    const group = waiting;
    waiting = [];
    for (const [index, result] of writer.commit(group.map((one) => one.append)).entries()) group[index]?.resolve(result);
  };
  return {
    append: (append) =>
      new Promise((resolve) => {
        waiting.push({ append, resolve });
        if (waiting.length === 1) setImmediate(commit);
      }),
    close: async () => writer.close(),
  };
}

async function writeStream(writer: Writer): Promise<void> {
  const stream = `task-${randomUUID()}`;
  for (let expected = NO_STREAM; expected < STREAM_LENGTH - 1; expected++) {
    const event = { id: randomUUID(), type: example.type, data: JSON.stringify(example.data), metadata: JSON.stringify(example.metadata) };
    await writer.append({ stream, expected, keep: 0, events: [event] });
  }
}

/** Answers appends per second, and the milliseconds that the event loop was late at the 99th percentile. */
async function measure(open: (file: string) => Promise<Writer>, writers: number, count: number): Promise<{ rate: number; late: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'writer-thread-'));
  const writer = await open(join(dir, 'events.db'));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const write = async () => {
    for (let n = 0; n < count / writers; n += STREAM_LENGTH) await writeStream(writer);
  };
  delay.enable();
  const start = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  const rate = (count / (performance.now() - start)) * 1_000;
  delay.disable();
  await writer.close();
  rmSync(dir, { recursive: true });
  // Measured from one millisecond timer to the next: the time beyond the millisecond is lateness.
  return { rate, late: Math.max(delay.percentile(99) / 1e6 - 1, 0) };
}

for (const [writers, count] of [
  [1, 2_000],
  [32, 32_000],
] as const) {
  const best = new Map([threaded, onMainThread].map((open) => [open, { rate: 0, late: Number.POSITIVE_INFINITY }]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [open, figures] of best) {
      const { rate, late } = await measure(open, writers, count);
      if (round > 0) best.set(open, { rate: Math.max(figures.rate, rate), late: Math.min(figures.late, late) });
    }
  }
  for (const [open, { rate, late }] of best)
    process.stdout.write(`${writers} writers, ${open.name}: ${Math.round(rate)} appends/s, event loop late by ${late.toFixed(2)} ms (p99)\n`);
}
