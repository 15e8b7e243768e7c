/** The embedded outbox: mails and SMS are kept in a file instead of being sent, and admins read them at /outbox. */

import { chmodSync, closeSync, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { refuseAnotherDatabase } from '../../../platform/sqlite/another-database.ts';
import type { FoldingLog } from '../../../platform/sqlite/folding.ts';
import { openWrittenFile, type WrittenFile } from '../../../platform/sqlite/written-file.ts';
import { UserError } from '../../../platform/user-error.ts';
import { FateUnknown, ReceiverUnavailable } from '../../sending.ts';
import type { Text } from '../../texter/texter.ts';
import type { Mail, Mailer } from '../mailer.ts';
import { type ErasedInOutbox, eraseIn, type PersonTexts } from './erase.ts';
import { openSearched, type Searched, type SearchedErasure } from './searched.ts';

/** A mail or an SMS in the outbox. The subject and the HTML of an SMS are empty. */
export interface OutboxMail {
  id: number;
  channel: 'email' | 'sms';
  /** The recipient: an address, or a phone number. */
  to: string;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  /** The link of its header List-Unsubscribe; missing where it has none. */
  listUnsubscribe?: string;
  /** The time when it was taken: ISO 8601, UTC. */
  time: string;
}

export interface Outbox extends Mailer {
  /**
   * Deletes what went to the person, and puts `[erased]` in the place of their texts, addresses and numbers in what went to others; resolves once nothing of
   * either is in the file. Takes turns of the event loop; what is sent meanwhile may not be among it. Repeating it changes nothing more. Errors:
   * ReceiverUnavailable where the disk refuses, or while somebody reads the file for long. It is noted in the file that it was searched for this erasure.
   */
  erase(of: PersonTexts, erasure: SearchedErasure): Promise<ErasedInOutbox>;
  /** Those of these erasures that the file was never searched for: it is older than they are. Error: as of `erase`. */
  notSearched<E extends SearchedErasure>(erasures: readonly E[]): E[];
  /**
   * Deletes all mails and SMS up to a time (ISO 8601), since some may have words of these people; resolves to their number. It is noted that the file was
   * searched once nothing of them is in it, and not where somebody reads it for long: the next call tries that again. Error: as of `erase`.
   */
  emptyUntil(time: string, erasures: readonly SearchedErasure[]): Promise<number>;
  /** Keeps an SMS, as `send` keeps a mail. */
  sendText(text: Text): Promise<object>;
  /** Mails and SMS, newest first. `to`: an address in any case, or a phone number; `before`: only those with a smaller id. */
  list(filter: { to?: string | undefined; channel?: OutboxMail['channel'] | undefined; before?: number | undefined; limit: number }): OutboxMail[];
}

/** The number of mails and SMS kept; older ones are deleted. */
const KEPT = 1_000;

/** Pages in the write-ahead log up to which it is not folded: SQLite's own number. */
const PAGES = 1_000;

const OURS = {
  table: 'mails',
  columns: ['id', 'address', 'name', 'subject', 'text', 'html', 'message_id', 'time'],
  what: 'an outbox',
  advice: 'Move it away: a new one is made at the next start.',
};

export interface OutboxOptions {
  log?: Partial<FoldingLog> | undefined;
  /** Called once when an fsync failed, after which nothing more is taken until the file is opened anew. */
  ended?: ((error: Error) => void) | undefined;
}

/**
 * Opens the outbox in a file that only its owner can read: links in mails are secrets. Its `send` rejects with FateUnknown where the mail could not be
 * forced to the disk; after any other error it was not taken.
 */
export function openOutbox(file: string, { log: lines = {}, ended }: OutboxOptions = {}): Outbox {
  const { db, written, searched } = openFile(file, { log: lines, ended });
  // This code forces the write-ahead log to the disk itself: SQLite would do it on this thread, and hold up every request meanwhile.
  let log: Promise<FileHandle> | undefined;
  const openLog = () =>
    open(`${file}-wal`, 'r+').catch((error: unknown) => {
      log = undefined;
      throw new ReceiverUnavailable('outbox', error);
    });
  // A repeat of an attempt whose outcome is unknown is the same mail: the mailbox shows it once, as mail programs do by Message-ID.
  const insert = db.prepare(
    'INSERT INTO mails (channel, address, name, subject, text, html, message_id, time, unsubscribe) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (message_id) DO NOTHING',
  );
  const trim = db.prepare(`DELETE FROM mails WHERE id <= (SELECT max(id) FROM mails) - ${KEPT}`);
  const select = db.prepare(
    'SELECT * FROM mails WHERE id < ? AND (? IS NULL OR address = ? COLLATE NOCASE) AND (? IS NULL OR channel = ?) ORDER BY id DESC LIMIT ?',
  );

  async function keep(channel: OutboxMail['channel'], { to, subject, text, html, messageId, unsubscribe }: Mail): Promise<object> {
    written.write(() => {
      insert.run(channel, to.address, to.name, subject, text, html, messageId, new Date().toISOString(), unsubscribe ?? null);
      trim.run();
    });
    log ??= openLog();
    await forced(await log);
    return {};
  }

  /** Forces the log to the disk. A repeat would find the mail in the file, and a second fsync would call it durable: so the first failure is the last. */
  async function forced(handle: FileHandle): Promise<void> {
    written.check();
    try {
      await handle.datasync();
    } catch (error) {
      written.abandon(error);
      throw new FateUnknown(`the outbox could not be forced to the disk (${(error as Error).message})`, { cause: error });
    }
    written.check();
  }

  return {
    send: (mail) => keep('email', mail),
    sendText: ({ to, text, id }) => keep('sms', { to: { name: '', address: to }, subject: '', text, html: '', messageId: id }),
    list: ({ to = null, channel = null, before = Number.MAX_SAFE_INTEGER, limit }) =>
      written
        .read(() => select.all(before, to, to, channel, channel, limit))
        .map((row) => ({
          id: row.id as number,
          channel: row.channel as OutboxMail['channel'],
          to: row.address as string,
          subject: row.subject as string,
          text: row.text as string,
          html: row.html as string,
          messageId: row.message_id as string,
          time: row.time as string,
          ...(row.unsubscribe === null ? {} : { listUnsubscribe: row.unsubscribe as string }),
        })),
    erase: async (of, erasure) => {
      const erased = await eraseIn(db, of, written);
      await written.purge();
      searched.note([erasure]);
      return erased;
    },
    notSearched: searched.lacking,
    emptyUntil: async (time, erasures) => {
      const count = searched.emptyUntil(time);
      const isPurged = await written.purge().then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof ReceiverUnavailable)) throw error;
          return false;
        },
      );
      if (isPurged) searched.note(erasures);
      return count;
    },
    close: async () => {
      await (await log)?.close();
      written.close();
    },
  };
}

/** Opens the file with mode 0600, which SQLite gives the files beside it (WAL), too. Errors: OutboxError, UserError; both say what to do. */
function openFile(
  file: string,
  { log, ended }: { log: Partial<FoldingLog> } & Pick<OutboxOptions, 'ended'>,
): { db: DatabaseSync; written: WrittenFile; searched: Searched } {
  refuseAnotherDatabase(file, OURS);
  try {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL,
        text TEXT NOT NULL, html TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE, time TEXT NOT NULL, channel TEXT NOT NULL DEFAULT 'email', unsubscribe TEXT) STRICT`);
    withColumn(db, 'channel', "TEXT NOT NULL DEFAULT 'email'");
    withColumn(db, 'unsubscribe', 'TEXT');
    const written = openWrittenFile({ db, file, log, pages: PAGES, unavailable: (cause) => new ReceiverUnavailable('outbox', cause), ended });
    return { db, written, searched: openSearched(db, written) };
  } catch (cause) {
    throw new OutboxError(`The outbox ${file} cannot be opened (${(cause as Error).message}). Move it away; a new one is made at the next start.`, {
      cause,
    });
  }
}

/** Adds a column to a file of a version that had none. */
function withColumn(db: DatabaseSync, name: string, type: string): void {
  const columns = db.prepare("SELECT name FROM pragma_table_info('mails')").all();
  if (!columns.some((column) => column.name === name)) db.exec(`ALTER TABLE mails ADD COLUMN ${name} ${type}`);
}

/** The outbox's file is damaged, or cannot be written. */
export class OutboxError extends UserError {}
