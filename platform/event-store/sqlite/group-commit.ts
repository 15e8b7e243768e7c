/** Group commit: while one group of appends is being committed by the writer's thread, the next one gathers. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { AppendUnknown, StoreDamaged, StoreUnavailable } from '../event-store.ts';
import { appendQueue, type WaitingAppend } from './append-queue.ts';
import { packGroup, unpackResult, type WireAppend, type WireResult } from './wire.ts';
import type { FromWriter, ToWriter, WriterError, WriterLine } from './writer-thread.ts';

export interface GroupCommit {
  /** Resolves once the append is on the disk. Errors: AppendUnknown, StoreOverloaded, StoreUnavailable, StoreDamaged. */
  append(append: WireAppend): Promise<WireResult>;
  /** Takes no more appends; resolves once those taken are on the disk and the thread has ended. */
  close(): Promise<void>;
}

export interface GroupCommitOptions {
  file: string;
  /** Called after each group that was recorded, before its appends are answered. */
  committed(): void;
  /** Called when the writer finds damage while it works. */
  damaged(error: StoreDamaged): void;
  /** Called once when the writer ended for any other reason: nothing can be recorded until the store is opened anew. */
  ended(error: Error): void;
  /** Called with lines for the log of the process. */
  said(line: WriterLine): void;
}

/** Starts the writer's thread. Errors: StoreDamaged, StoreUnavailable. */
export async function openGroupCommit({ file, ...hear }: GroupCommitOptions): Promise<GroupCommit> {
  const worker = await startWriter(file, hear.said);
  const waiting = appendQueue();
  /** The appends that the thread is committing. */
  let group: WaitingAppend[] = [];
  /** The error of every further append, once there is one. */
  let ended: Error | undefined;
  /** True once the writer's work ended, by whatever error. */
  let over = false;
  /** True once the thread was asked to end. */
  let closing = false;
  let idle = () => {};

  worker.on('message', (message: FromWriter) => {
    if (message === 'ready') return;
    if (Array.isArray(message)) answer(message);
    else if (isLine(message)) hear.said(message);
    else refuse(message);
  });
  worker.on('error', (error) => end(new AppendUnknown(`The writer of the event store ended: ${error.message}`)));
  worker.on('exit', () => {
    if (!closing) end(new AppendUnknown('The writer of the event store ended.'));
  });

  function answer(results: number[]): void {
    hear.committed();
    const done = endGroup();
    for (const [index, one] of done.entries()) one.resolve(unpackResult(results, index));
    send();
  }

  function refuse(message: WriterError): void {
    const error = asError(message);
    if (message.kind !== 'refused') end(error);
    for (const one of endGroup()) one.reject(error);
    send();
  }

  /** Ends the work for good: appends in the writer's hand get this error, waiting ones were not recorded. */
  function end(error: Error): void {
    ended ??= error instanceof StoreDamaged ? error : new StoreUnavailable(`${error.message} Start again.`);
    tell(error);
    for (const one of endGroup()) one.reject(error);
    for (const one of waiting.takeAll()) one.reject(ended);
    idle();
  }

  function tell(error: Error): void {
    if (error instanceof StoreDamaged) hear.damaged(error);
    else if (!over) hear.ended(error);
    over = true;
  }

  function endGroup(): WaitingAppend[] {
    const done = group;
    group = [];
    return done;
  }

  function send(): void {
    if (group.length > 0) return;
    group = waiting.takeGroup();
    if (group.length === 0) idle();
    else worker.postMessage(packGroup(group.map((one) => one.append)) satisfies ToWriter);
  }

  return {
    append: (append) =>
      new Promise((resolve, reject) => {
        if (ended) throw ended;
        waiting.push({ append, size: sizeOf(append), resolve, reject });
        // All appends of this turn of the event loop go as one group; a microtask would run after the first socket's, and make a group of one.
        if (waiting.length === 1 && group.length === 0) setImmediate(send);
      }),
    close: async () => {
      const exit = worker.threadId < 0 ? undefined : once(worker, 'exit');
      ended ??= new StoreUnavailable('The event store is closed.');
      const { promise: drained, resolve } = Promise.withResolvers<void>();
      idle = resolve;
      send();
      await drained;
      closing = true;
      worker.postMessage(null satisfies ToWriter);
      await exit;
    },
  };
}

/** Starts the thread, and resolves when it is ready. What it says before goes to `said`. */
async function startWriter(file: string, said: GroupCommitOptions['said']): Promise<Worker> {
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
    workerData: { file },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = once(worker, 'exit').then((): FromWriter => ({ error: 'The writer of the event store ended at once.', kind: 'refused' }));
  const first = new Promise<FromWriter>((resolve) => {
    worker.on('message', function hear(message: FromWriter) {
      if (isLine(message)) return said(message);
      worker.off('message', hear);
      resolve(message);
    });
  });
  const heard = await Promise.race([first, ended]);
  if (heard !== 'ready') throw asError(heard as WriterError);
  return worker;
}

function isLine(message: FromWriter): message is WriterLine {
  return typeof message === 'object' && 'level' in message;
}

/** Characters that an append takes, about. */
function sizeOf({ events }: WireAppend): number {
  return events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length + 200, 0);
}

const KINDS = { damaged: StoreDamaged, unknown: AppendUnknown, refused: StoreUnavailable };

function asError({ error, kind }: WriterError): Error {
  return new KINDS[kind](error);
}
