/**
 * The thread that makes indexes (indexes.ts): runs each statement that it is sent, answers when it is done, and ends when it is sent null.
 * An error ends the thread too, and is heard as the thread's.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { openFolding } from '../../sqlite/folding.ts';
import { MODEL_PAGES } from './file.ts';

const file = workerData as string;
const db = new DatabaseSync(file);
db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536');
// Folded here, too: an index makes the log long, and folding it holds up whoever does it.
const { fold } = openFolding({ db, file, pages: MODEL_PAGES, log: { error: () => {} } });

parentPort?.on('message', (statement: string | null) => {
  if (statement === null) {
    db.close();
    parentPort?.close();
  } else {
    db.exec(statement);
    fold();
    parentPort?.postMessage('made');
  }
});
