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
    if (message === 'closed' || message === 'ready') return;
    const done = group.splice(0);
    if ('results' in message) {
      committed();
      done.forEach((one, index) => one.resolve(message.results[index] as WireResult));
    } else {
      const error = asError(message);
      for (const one of done) one.reject(error);
      if (message.damaged) return end(error);
    }
    send();
  });
  worker.on('error', (error) => end(new StoreUnavailable(`the writer of the event store ended: ${error.message}`)));
  worker.on('exit', () => end(new StoreUnavailable('the event store is closed')));

  function send(): void {
    if (group.length > 0 || waiting.length === 0) return;
    let take = 0;
    for (let sum = 0; take < waiting.length && (take === 0 || sum + sizeAt(take) <= GROUP); take++) sum += sizeAt(take);
    group = waiting.splice(0, take);
    for (const one of group) size -= one.size;
    worker.postMessage({ appends: group.map((one) => one.append) } satisfies ToWriter);
  }
  const sizeAt = (index: number) => waiting[index]?.size ?? 0;

  return {
    append: (append) =>
      new Promise<WireResult>((resolve, reject) => {
        if (ended) return reject(ended);
        const one = { append, size: append.events.reduce((sum, event) => sum + event.data.length + event.metadata.length + 200, 0), resolve, reject };
        if (size > 0 && size + one.size > WAITING) return reject(new StoreOverloaded('too many appends are waiting'));
        waiting.push(one);
        size += one.size;
        // All that is appended in this turn of the event loop goes as one group.
        if (waiting.length === 1) queueMicrotask(send);
      }),
    close: async () => {
      if (ended) return;
      const exit = once(worker, 'exit');
      while (group.length > 0 || waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      worker.postMessage('close' satisfies ToWriter);
      await exit;
    },
  };
}

function asError(message: FromWriter): Error {
  const { error, damaged } = message as { error: string; damaged: boolean };
  return damaged ? new StoreDamaged(error) : new StoreUnavailable(error);
}
