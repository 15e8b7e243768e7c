/** Erases a person from the mails and SMS of an outbox. */
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { normaliseEmail } from '../../../contracts/email.ts';
import { shownEmail } from '../../../platform/shown-email.ts';
import type { WrittenFile } from '../../../platform/sqlite/written-file.ts';
import { textEraser, type WrittenAs } from './text-eraser.ts';

/** What an outbox is to lose of a person: the addresses and phone numbers that they ever had, and their texts, as names, titles and comments. */
export interface PersonTexts {
  addresses: readonly string[];
  texts: readonly string[];
}

/** The numbers of mails and SMS that an erasure deleted, and changed. */
export interface ErasedInOutbox {
  deleted: number;
  changed: number;
}

/** Mails looked at between two turns of the event loop. */
const AT_ONCE = 10;

/** The columns that hold what people wrote. */
const WRITTEN = { name: 'text', subject: 'text', text: 'text', html: 'html' } as const satisfies Record<string, WrittenAs>;

type Column = keyof typeof WRITTEN;
type Row = Record<Column | 'address', string> & { id: number };

/** Deletes the mails to a person, and erases their texts in all others. Each change is a transaction of its own. */
export async function eraseIn(
  db: DatabaseSync,
  { addresses, texts }: PersonTexts,
  { read, write }: Pick<WrittenFile, 'read' | 'write'>,
): Promise<ErasedInOutbox> {
  const own = new Set(addresses.map(comparedAddress));
  const erase = textEraser([...texts, ...addresses, ...addresses.map(shownEmail)]);
  const page = db.prepare('SELECT id, address, name, subject, text, html FROM mails WHERE id > ? ORDER BY id LIMIT ?');
  const remove = db.prepare('DELETE FROM mails WHERE id = ?');
  const change = db.prepare('UPDATE mails SET name = ?, subject = ?, text = ?, html = ? WHERE id = ?');
  const erased: ErasedInOutbox = { deleted: 0, changed: 0 };

  function eraseOne(row: Row): void {
    if (own.has(comparedAddress(row.address))) {
      write(() => remove.run(row.id));
      erased.deleted++;
      return;
    }
    const after = { name: '', subject: '', text: '', html: '' };
    for (const column of Object.keys(WRITTEN) as Column[]) after[column] = erase(row[column], WRITTEN[column]);
    if ((Object.keys(WRITTEN) as Column[]).every((column) => after[column] === row[column])) return;
    write(() => change.run(after.name, after.subject, after.text, after.html, row.id));
    erased.changed++;
  }

  for (let [last, rows] = [0, [] as Row[]]; ; last = rows.at(-1)?.id ?? last) {
    rows = read(() => page.all(last, AT_ONCE)) as unknown as Row[];
    if (rows.length === 0) return erased;
    for (const row of rows) eraseOne(row);
    await nextTurn();
  }
}

/** An address so that equal ones are equal text; a phone number as it is. */
function comparedAddress(address: string): string {
  return address.includes('@') ? normaliseEmail(address) : address;
}
