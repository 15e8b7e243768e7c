/**
 * The notes in an outbox of the erasures that it was searched for. A file without one is a backup from before, or of an older release: it may have words of
 * whoever was erased, and nobody can read any more which these were.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { WrittenFile } from '../../../platform/sqlite/written-file.ts';

/** An erasure: whose, and its time (ISO 8601). */
export interface SearchedErasure {
  person: string;
  at: string;
}

export interface Searched {
  note(erasures: readonly SearchedErasure[]): void;
  /** Those of these erasures without a note. */
  lacking<E extends SearchedErasure>(erasures: readonly E[]): E[];
  /** Deletes all mails and SMS up to a time (ISO 8601); returns their number. */
  emptyUntil(time: string): number;
}

/** Opens the notes of an open file, and makes room for them where it is of an older release. Errors of the functions: those of `file`. */
export function openSearched(db: DatabaseSync, { read, write }: Pick<WrittenFile, 'read' | 'write'>): Searched {
  db.exec('CREATE TABLE IF NOT EXISTS searched (person TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (person, at)) STRICT');
  const insert = db.prepare('INSERT INTO searched (person, at) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const select = db.prepare('SELECT 1 FROM searched WHERE person = ? AND at = ?');
  const empty = db.prepare('DELETE FROM mails WHERE time <= ?');
  return {
    note: (erasures) => {
      for (const { person, at } of erasures) write(() => insert.run(person, at));
    },
    lacking: (erasures) => read(() => erasures.filter(({ person, at }) => select.get(person, at) === undefined)),
    emptyUntil: (time) => write(() => Number(empty.run(time).changes)),
  };
}
