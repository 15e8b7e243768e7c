/** The thread that makes one index (sqlite-indexes.ts): opens the file, runs the statement, ends. */
import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';
import type { IndexJob } from './sqlite-indexes.ts';

const { path, statement } = workerData as IndexJob;
const db = new DatabaseSync(path);
try {
  db.exec('PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536');
  db.exec(statement);
} finally {
  db.close();
}
