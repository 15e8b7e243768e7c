/** The writer's thread: takes groups of appends, answers each group once it is on the disk. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { LOOK_EVERY } from '../../sqlite/folding.ts';
import { AppendUnknown, StoreDamaged } from '../event-store.ts';
import { type LogWriter, openLogWriter } from './log-writer.ts';
import { packResults, unpackGroup } from './wire.ts';

/** A message to the thread: a packed group, or null to end. */
export type ToWriter = string | null;
/** A failure: `damaged` and `unknown` end the thread's work for good, `refused` is for this group alone. */
export interface WriterError {
  error: string;
  kind: 'damaged' | 'unknown' | 'refused';
}
/** A line for the log of the process. */
export interface WriterLine {
  level: 'error' | 'info';
  data: object;
  message: string;
}
/** A message from the thread: ready, a group's packed results, a failure, or a line for the log. The thread ends by its exit. */
export type FromWriter = 'ready' | number[] | WriterError | WriterLine;

function failed(error: unknown): WriterError {
  const kind = error instanceof StoreDamaged ? 'damaged' : error instanceof AppendUnknown ? 'unknown' : 'refused';
  return { error: (error as Error).message, kind };
}

function serve(port: MessagePort, file: string): void {
  const send = (message: FromWriter) => port.postMessage(message);
  const line = (level: WriterLine['level']) => (data: object, message: string) => send({ level, data, message });
  const log = { error: line('error'), info: line('info') };
  let writer: LogWriter;
  try {
    writer = openLogWriter(file, log);
  } catch (error) {
    send(failed(error));
    port.close();
    return;
  }
  let abandoned = false;
  const fail = (error: unknown) => {
    send(failed(error));
    if (!(error instanceof AppendUnknown)) return;
    abandoned = true;
    clearInterval(looking);
    writer.abandon();
    port.close();
  };
  const tried = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  const looking = setInterval(() => tried(writer.look), LOOK_EVERY);
  const handle = (group: string) =>
    tried(() => {
      send(packResults(writer.commit(unpackGroup(group))));
      writer.fold();
    });
  port.on('message', (message: ToWriter) => {
    // A group that was on its way when the disk failed is answered by this thread's end.
    if (abandoned) return;
    if (message !== null) {
      handle(message);
      return;
    }
    clearInterval(looking);
    try {
      writer.close();
    } catch (error) {
      log.error({ file, err: error }, 'the event store was not closed in order');
    }
    port.close();
  });
  send('ready');
}

if (parentPort) serve(parentPort, (workerData as { file: string }).file);
