/** The embedded mailbox of everybody: mails stay here, and admins read them at /outbox. */

import { chmodSync, closeSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { Mail, Mailer } from './mailer.ts';

/** A mail as it lies in the outbox. */
export interface OutboxMail {
  id: number;
  to: string;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  /** ISO 8601, UTC. */
  time: string;
}

export interface Outbox extends Mailer {
  /** Newest first; `to` is an address, in upper or lower case. */
  list(filter: { to?: string | undefined; before?: number | undefined; limit: number }): OutboxMail[];
}

/** Mails kept; the oldest go. */
const KEPT = 1_000;

/** Opens the outbox in a file that only its owner can read: links in mails are secrets. */
export function openOutbox(file: string): Outbox {
  const db = openFile(file);
  // The write-ahead log is forced to the disk by hand: SQLite would do it on this thread, and hold up every request meanwhile.
  let log: Promise<FileHandle> | undefined;
  const openLog = () => {
    const opening = open(`${file}-wal`, 'r+');
    opening.catch(() => {
      log = undefined;
    });
    return opening;
  };
  // A repeat of an attempt whose outcome is unknown is the same mail: the mailbox shows it once, as mail programs do by Message-ID.
  const insert = db.prepare(
    'INSERT INTO mails (address, name, subject, text, html, message_id, time) VALUES (?,?,?,?,?,?,?) ON CONFLICT (message_id) DO NOTHING',
  );
  const trim = db.prepare(`DELETE FROM mails WHERE id <= (SELECT max(id) FROM mails) - ${KEPT}`);
  const select = db.prepare('SELECT * FROM mails WHERE id < ? AND (? IS NULL OR address = ? COLLATE NOCASE) ORDER BY id DESC LIMIT ?');
  return {
    send: async ({ to, subject, text, html, messageId }: Mail) => {
      insert.run(to.address, to.name, subject, text, html, messageId, new Date().toISOString());
      trim.run();
      log ??= openLog();
      await (await log).datasync();
    },
    list: ({ to = null, before = Number.MAX_SAFE_INTEGER, limit }) =>
      select.all(before, to, to, limit).map((row) => ({
        id: row.id as number,
        to: row.address as string,
        subject: row.subject as string,
        text: row.text as string,
        html: row.html as string,
        messageId: row.message_id as string,
        time: row.time as string,
      })),
    close: async () => {
      await (await log)?.close();
      db.close();
    },
  };
}

/** SQLite gives the files beside it (WAL) the same mode. Error: one that says what to do. */
function openFile(file: string): DatabaseSync {
  try {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL,
        text TEXT NOT NULL, html TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE, time TEXT NOT NULL) STRICT`);
    return db;
  } catch (cause) {
    throw new OutboxError(`The outbox ${file} cannot be opened (${(cause as Error).message}). Move it away; a new one is made at the next start.`, {
      cause,
    });
  }
}

/** The outbox's file is damaged, or cannot be written. */
export class OutboxError extends Error {
  override readonly name = 'UserError';
}
