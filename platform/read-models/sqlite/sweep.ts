/** Sweeps: tables of dropped generations are emptied a little at a time, because dropping a large table at once would hold up the whole process. */

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Rows deleted in one step, between which other work of the process gets its turn. */
const SLICE = 2_000;
/** The names of generations' tables, and of those beside them, as `task_list_3.labels`. Other tables are ours, or another tool's, and stay. */
const OF_GENERATION = /_\d+(\..*)?$/;

/** The tools of a sweep. */
export interface Sweep {
  db: DatabaseSync;
  /** The tables of the present generations. */
  live(): Set<string>;
  /** Stops the sweep early; the next one finds the tables that are left. */
  signal: AbortSignal;
  /** Runs a short piece of work when it is its turn to write. */
  step(work: () => void): Promise<unknown>;
}

/** Removes every table that belongs to no generation, and its indexes. */
export async function sweep({ db, live, signal, step }: Sweep): Promise<void> {
  if (signal.aborted) return;
  for (const table of orphans(db, live())) {
    for (const work of removal(db, table)) {
      await nextTurn();
      await step(work);
      if (signal.aborted) return;
    }
  }
}

/** The names of the tables that belong to no generation. */
export function orphans(db: DatabaseSync, live: Set<string>): string[] {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  return tables.map(({ name }) => String(name)).filter((name) => OF_GENERATION.test(name) && !live.has(name.split('.')[0] ?? name));
}

/** The steps that remove a table, each a short one. */
function* removal(db: DatabaseSync, table: string): Generator<() => void> {
  const indexes = db.prepare("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL").all(table);
  for (const { name } of indexes) yield () => db.exec(`DROP INDEX IF EXISTS "${name}"`);
  const key = table.includes('.') ? 'value, doc' : 'n';
  const clear = db.prepare(`DELETE FROM "${table}" WHERE (${key}) IN (SELECT ${key} FROM "${table}" ORDER BY ${key} LIMIT ${SLICE})`);
  let left = true;
  while (left) {
    yield () => {
      left = clear.run().changes > 0;
    };
  }
  yield () => db.exec(`DROP TABLE IF EXISTS "${table}"`);
}
