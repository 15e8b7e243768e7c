/**
 * Reading never shows a row that changed (its checksum) nor skips one of the log (positions are dense). What that cannot see is an index that
 * lost the end of a stream. So every index is compared with its table at each start: at once for a small log, in a thread beside the work for a large one.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { StoreDamaged } from './event-store.ts';
import { type LogReader, openLogReader } from './log-reader.ts';

/** Events up to which the comparison is done before the store opens. */
const AT_ONCE = 20_000;

interface VerifyData {
  verify: string;
}

/** Verifies, at once or beside the work. Error: StoreDamaged at once; `found` is called with later damage. */
export async function verifyInBackground(file: string, reader: LogReader, found: (damage: StoreDamaged) => void): Promise<{ stop(): Promise<void> }> {
  if (reader.head() <= AT_ONCE) {
    reader.verify();
    return { stop: async () => {} };
  }
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { verify: file } satisfies VerifyData,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const exit = once(worker, 'exit').catch(() => {});
  worker.on('message', (message: string) => found(new StoreDamaged(message)));
  worker.on('error', () => {});
  worker.unref();
  return {
    stop: async () => {
      await worker.terminate();
      await exit;
    },
  };
}

if (!isMainThread && (workerData as VerifyData | null)?.verify) {
  const reader = openLogReader((workerData as VerifyData).verify);
  try {
    reader.verify();
  } catch (error) {
    parentPort?.postMessage((error as Error).message);
  } finally {
    reader.close();
  }
}
