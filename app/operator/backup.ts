/** `npm start -- backup <folder>`: copies the embedded stores, also while a process runs on them. A process can start on the copy. */

import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { openEventStore } from '../../platform/event-store/open.ts';
import { witnessOf } from '../../platform/event-store/sqlite/witness.ts';
import { copyFiles } from '../../platform/files/copy-files.ts';
import { openFiles } from '../../platform/files/open.ts';
import { diskRefused } from '../../platform/sqlite/disk-errors.ts';
import { UserError } from '../../platform/user-error.ts';
import { misused } from '../command-options.ts';
import { type Config, ConfigError } from '../config.ts';
import { isEmbedded } from '../parts.ts';
import { type Copying, copyDatabase } from './copy-database.ts';
import { type Interruption, interruptibly } from './interruption.ts';
import { makePartial, type PartialFolder, removeAbandoned } from './partial-folder.ts';
import { print } from './print.ts';

/** Milliseconds between two lines that tell how far a file is copied. */
const TELL_EVERY = 5_000;
const EVENTS = 'events.db';

/** Copies to a missing or empty folder, and reads the copy through. Errors: ConfigError, StoreDamaged, `UserError` with one line. */
export async function backUp(config: Config, [folder, ...more]: string[]): Promise<void> {
  const files = filesOf(config);
  if (folder === undefined || more.length > 0) throw misused('backup', 'it takes one folder, which it makes');
  const missing = files.find((name) => !existsSync(join(config.DATA_DIR, name)));
  if (missing)
    throw new UserError(`There is nothing to back up: ${config.DATA_DIR} has no ${missing}. Set DATA_DIR to the folder of an installation.`);
  process.umask(0o077);
  for (const path of removeAbandoned(folder)) print(`Removed ${path}, which a backup that was killed had left.`);
  await interruptibly(
    (signal) => `The backup was interrupted (${signal}); nothing of it is left.`,
    (interruption) => makeBackup(config, files, { folder, interruption }),
  );
}

interface Making {
  folder: string;
  interruption: Pick<Interruption, 'check' | 'signal'>;
}

async function makeBackup({ DATA_DIR, BACKUP_LOG_MB, FILES_URL }: Config, files: string[], { folder, interruption }: Making): Promise<void> {
  const { check: stillWanted, signal } = interruption;
  const making = madePartial(folder);
  const options = { most: BACKUP_LOG_MB * 1024 * 1024, stillWanted };
  try {
    let growth = 0;
    for (const name of files) growth += await copy(name, { from: DATA_DIR, to: making.path, ...options });
    // After the log: what it says is there is then among the files, unless it was deleted meanwhile.
    const kept = await copyKept(FILES_URL, { from: DATA_DIR, to: making.path, signal });
    const events = files.includes(EVENTS) ? await readThrough(making.path, stillWanted) : 0;
    checkAll(making.path, files, stillWanted);
    making.finish();
    const grown = growth > 0 ? ` Write-ahead logs grew by ${megabytes(growth)} meanwhile.` : '';
    print(
      `Backed up ${[...files, ...counted(kept)].join(', ')} with ${events} events to ${making.to}; the copy was read through. It is a DATA_DIR to start on.${elsewhere(FILES_URL)}${grown}`,
    );
  } catch (error) {
    throw diskRefused(error)
      ? new UserError(`The backup could not be made in ${making.path}: ${(error as Error).message}.`, { cause: error })
      : error;
  } finally {
    making.remove();
  }
}

/** What is said of files that are in a bucket; nothing of those in a folder, which were copied. */
function elsewhere(url: string): string {
  if (url.startsWith('file:')) return '';
  return ' Files of tasks and profiles are not in it: they are in the bucket of FILES_URL, which docs/RUNNING.md says how to back up.';
}

/** The number of objects as a line names them; nothing for none. */
function counted(objects: number): string[] {
  return objects > 0 ? [`${objects} objects of files`] : [];
}

function checkAll(folder: string, names: readonly string[], stillWanted: () => void): void {
  for (const name of names) {
    stillWanted();
    check(join(folder, name));
  }
  stillWanted();
}

/** Copies the files of a folder into the copy's own; those in a bucket stay there. Resolves to their number. */
async function copyKept(url: string, { from, to, signal }: { from: string; to: string; signal: AbortSignal }): Promise<number> {
  if (!url.startsWith('file:')) return 0;
  const [source, target] = [await openFiles(url, { dataDir: from }), await openFiles('file:', { dataDir: to })];
  return (await copyFiles(source, target, signal)).files;
}

function madePartial(folder: string): PartialFolder {
  try {
    return makePartial(folder);
  } catch (error) {
    throw inOneLine(error, folder);
  }
}

/** An error of the disk in one line; any other as it is. */
function inOneLine(error: unknown, path: string): unknown {
  if (!diskRefused(error)) return error;
  const message = `The backup could not be made in ${path} (${(error as Error).message}). Make room there, make it writable, or name another folder.`;
  return new UserError(message, { cause: error });
}

/**
 * The files to copy, in order. Events first: the secrets may then be newer than the events (a password without its user harms nobody), never older.
 * The outbox last, where there is one.
 */
function filesOf({ EVENT_STORE_URL, SECRETS_URL, MAIL_URL, DATA_DIR }: Config): string[] {
  if (!isEmbedded(EVENT_STORE_URL) && !isEmbedded(SECRETS_URL))
    throw new ConfigError('backup copies embedded stores; for servers docs/RUNNING.md says how they are backed up');
  return [
    ...(isEmbedded(EVENT_STORE_URL) ? [EVENTS] : []),
    ...(isEmbedded(SECRETS_URL) ? ['secrets.db'] : []),
    ...(isEmbedded(MAIL_URL) && existsSync(join(DATA_DIR, 'outbox.db')) ? ['outbox.db'] : []),
  ];
}

/**
 * Copies a file. Its witness is copied before, because the copy must end at the place that the witness saw, or after it. Answers the bytes by which its
 * write-ahead log grew.
 */
async function copy(name: string, { from, to, ...options }: { from: string; to: string } & Omit<Copying, 'progress'>): Promise<number> {
  const witness = witnessOf(join(from, name));
  if (existsSync(witness)) copyFileSync(witness, witnessOf(join(to, name)));
  let told = performance.now();
  return copyDatabase(join(from, name), join(to, name), {
    ...options,
    progress: (share, growth) => {
      if (performance.now() - told < TELL_EVERY) return;
      told = performance.now();
      print(`${name}: ${Math.floor(share * 100)} % copied; its write-ahead log grew by ${megabytes(growth)} (of ${megabytes(options.most)} at most)`);
    },
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}

/** Runs SQLite's own check. It uses the last connection to the copy, so that no file is left beside. */
function check(file: string): void {
  const db = new DatabaseSync(file);
  try {
    const [result] = Object.values(db.prepare('PRAGMA integrity_check(1)').get() ?? {});
    if (result !== 'ok') throw new UserError(`${file}, the copy, is damaged: ${result}. What it was copied from may be, too: see docs/RUNNING.md.`);
  } finally {
    db.close();
  }
}

/** Opens the copy as a start does, reads every event, and leaves the witness of its end. Resolves to the number of events. */
async function readThrough(dataDir: string, stillWanted: () => void): Promise<number> {
  const store = await openEventStore('sqlite:', { dataDir, log: pino({ level: 'silent' }) });
  let count = 0;
  try {
    for await (const page of store.readAll({ lean: true })) {
      stillWanted();
      count += page.length;
    }
    for await (const _ of store.readAll({ log: 'bookkeeping' }));
  } finally {
    await store.close();
  }
  return count;
}
