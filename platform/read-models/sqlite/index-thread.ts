/**
 * The thread that makes indexes (indexes.ts): runs each statement that it is sent, answers when it is done, and ends when it is sent null.
 * An error ends the thread too, and is heard as the thread's.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const db = new DatabaseSync(workerData as string);
// The log is folded by who opened the thread.
db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536');

parentPort?.on('message', (statement: string | null) => {
  if (statement === null) {
    db.close();
    parentPort?.close();
  } else {
    db.exec(statement);
    parentPort?.postMessage('made');
  }
});
