/**
 * The table of a `texts` field: (value, document), in that order, so that it is the index by value as well. The changes of many documents
 * are written value by value: neighbours in the table, and one statement for a word that hundreds have.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { textsOf } from '../fields.ts';
import type { Document } from '../read-models.ts';
import { quoted } from './place.ts';

/** The prepared statements on such a table. */
export interface TextsTable {
  field: string;
  add: StatementSync;
  addMany: StatementSync;
  remove: StatementSync;
}

/** The gathered changes of one transaction. */
export interface Texts {
  /** Gathers the change of a document; null for none, or a tombstone. */
  change(doc: number, before: Document | null, after: Document | null): void;
  /** Writes the gathered changes. */
  write(): void;
}

export function prepareTexts(db: DatabaseSync, table: string, field: string): TextsTable {
  const side = quoted(table, field);
  return {
    field,
    add: db.prepare(`INSERT OR IGNORE INTO ${side} VALUES (?, ?)`),
    addMany: db.prepare(`INSERT OR IGNORE INTO ${side} SELECT ?, value FROM json_each(?)`),
    remove: db.prepare(`DELETE FROM ${side} WHERE value = ? AND doc = ?`),
  };
}

export function gatherTexts({ field, add, addMany, remove }: TextsTable): Texts {
  /** Numbers of documents by a value that they have newly got. */
  const added = new Map<string, number[]>();

  function change(doc: number, before: Document | null, after: Document | null): void {
    const [old, now] = [valuesOf(before), valuesOf(after)];
    drop(
      doc,
      old.filter((value) => !now.includes(value)),
    );
    for (const value of now) if (!old.includes(value)) gather(value, doc);
  }

  function valuesOf(document: Document | null): string[] {
    return document ? textsOf(document, field) : [];
  }

  function drop(doc: number, values: string[]): void {
    // The document may have got one of these values earlier in this transaction: that must be written before the value is removed.
    if (values.some((value) => added.has(value))) write();
    for (const value of values) remove.run(value, doc);
  }

  function gather(value: string, doc: number): void {
    const docs = added.get(value);
    if (docs) docs.push(doc);
    else added.set(value, [doc]);
  }

  function write(): void {
    for (const value of [...added.keys()].sort()) {
      const docs = added.get(value) ?? [];
      if (docs.length === 1) add.run(value, docs[0] ?? 0);
      else addMany.run(value, JSON.stringify(docs));
    }
    added.clear();
  }

  return { change, write };
}
