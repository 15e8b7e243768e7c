/** Appends on their way to the writer's thread: while one group is being committed, the next one gathers. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreDamaged, StoreOverloaded, StoreUnavailable } from './event-store.ts';
import type { WireAppend, WireResult } from './log-writer.ts';
import type { FromWriter, ToWriter } from './writer-thread.ts';

/** Characters of events that may wait; above it appends are refused. */
const WAITING = 64 * 1024 * 1024;
/** Characters a group holds at most, but for a single append that is larger. */
const GROUP = 4 * 1024 * 1024;

export interface GroupCommit {
  /** Resolves once it is on the disk. Errors: StoreOverloaded, StoreUnavailable, StoreDamaged. */
  append(append: WireAppend): Promise<WireResult>;
  close(): Promise<void>;
}

interface Waiting {
  append: WireAppend;
  size: number;
  resolve(result: WireResult): void;
  reject(error: Error): void;
}

/** Starts the writer's thread. `committed` is called after each group, before its appends are answered. Errors: StoreDamaged, StoreUnavailable. */
export async function openGroupCommit(file: string, committed: () => void): Promise<GroupCommit> {
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
    workerData: { file },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const waiting: Waiting[] = [];
  let size = 0;
  let group: Waiting[] = [];
  let ended: Error | undefined;

  const end = (error: Error) => {
    ended ??= error;
    for (const one of [...group.splice(0), ...waiting.splice(0)]) one.reject(ended);
  };
  const [first] = (await Promise.race([
    once(worker, 'message'),
    once(worker, 'exit').then(() => [{ error: 'the writer ended', damaged: false }]),
  ])) as [FromWriter];
  if (first !== 'ready') throw asError(first);

  worker.on('message', (message: FromWriter) => {
    if (typeof message === 'string') return;
    const done = group.splice(0);
    if ('results' in message) answer(done, message.results);
    else refuse(done, message);
    send();
  });

  function answer(done: Waiting[], results: WireResult[]): void {
    committed();
    for (const [index, one] of done.entries()) one.resolve(results[index] as WireResult);
  }

  function refuse(done: Waiting[], message: FromWriter): void {
    const error = asError(message);
    for (const one of done) one.reject(error);
    if (error instanceof StoreDamaged) end(error);
  }

  worker.on('error', (error) => end(new StoreUnavailable(`the writer of the event store ended: ${error.message}`)));
  worker.on('exit', () => end(new StoreUnavailable('the event store is closed')));

  function send(): void {
    if (group.length > 0 || waiting.length === 0) return;
    group = waiting.splice(0, groupLength(waiting));
    for (const one of group) size -= one.size;
    worker.postMessage({ appends: group.map((one) => one.append) } satisfies ToWriter);
  }

  function enqueue(one: Waiting): void {
    const refusal = ended ?? (size > 0 && size + one.size > WAITING ? new StoreOverloaded('too many appends are waiting') : undefined);
    if (refusal) {
      one.reject(refusal);
      return;
    }
    waiting.push(one);
    size += one.size;
    // All that is appended in this turn of the event loop goes as one group.
    if (waiting.length === 1) queueMicrotask(send);
  }

  return {
    append: (append) => new Promise((resolve, reject) => enqueue({ append, size: sizeOf(append), resolve, reject })),
    close: async () => {
      if (ended) return;
      const exit = once(worker, 'exit');
      while (group.length > 0 || waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      worker.postMessage('close' satisfies ToWriter);
      await exit;
    },
  };
}

/** Characters an append takes, about. */
function sizeOf({ events }: WireAppend): number {
  return events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length + 200, 0);
}

/** How many of those that wait make a group: at least one. */
function groupLength(waiting: readonly Waiting[]): number {
  let sum = 0;
  const over = waiting.findIndex((one) => {
    sum += one.size;
    return sum > GROUP;
  });
  return over < 0 ? waiting.length : Math.max(over, 1);
}

function asError(message: FromWriter): Error {
  const { error, damaged } = message as { error: string; damaged: boolean };
  return damaged ? new StoreDamaged(error) : new StoreUnavailable(error);
}
