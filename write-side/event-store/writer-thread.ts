/** The writer's thread: takes groups of appends, answers each group once it is on the disk. */
import { parentPort, workerData } from 'node:worker_threads';
import { StoreDamaged } from './event-store.ts';
import { type LogWriter, openLogWriter, type WireAppend, type WireResult } from './log-writer.ts';

/** To the thread: a group, or the wish to end. */
export type ToWriter = { appends: WireAppend[] } | 'close';
/** From the thread: ready, a group's results in order, the end, or what went wrong (`damaged`: for good). */
export type FromWriter = 'ready' | 'closed' | { results: WireResult[] } | { error: string; damaged: boolean };

function failed(error: unknown): FromWriter {
  return { error: (error as Error).message, damaged: error instanceof StoreDamaged };
}

function handle(writer: LogWriter, message: ToWriter): FromWriter {
  try {
    if (message !== 'close') return { results: writer.commit(message.appends) };
    writer.close();
    return 'closed';
  } catch (error) {
    return failed(error);
  }
}

if (parentPort) {
  const port = parentPort;
  try {
    const writer = openLogWriter((workerData as { file: string }).file);
    port.on('message', (message: ToWriter) => {
      port.postMessage(handle(writer, message));
      if (message === 'close') port.close();
    });
    port.postMessage('ready' satisfies FromWriter);
  } catch (error) {
    port.postMessage(failed(error));
    port.close();
  }
}
