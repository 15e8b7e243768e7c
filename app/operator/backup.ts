/** `npm start -- backup <folder>`: copies the embedded stores, also while a process runs on them. A process can start on the copy. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { openEventStore } from '../../platform/event-store/open.ts';
import { witnessOf } from '../../platform/event-store/sqlite/witness.ts';
import { UserError } from '../../platform/user-error.ts';
import { type Config, ConfigError } from '../config.ts';
import { isEmbedded } from '../parts.ts';
import { print } from './print.ts';

/** More pages than a file has: it is copied in one read transaction, so that writes meanwhile neither get into the copy nor restart it. */
const ALL_PAGES = 2 ** 31 - 1;
const EVENTS = 'events.db';

/** Copies to a missing or empty folder, and reads the copy through. Errors: ConfigError, StoreDamaged, `UserError` with one line. */
export async function backUp(config: Config, [folder, ...more]: string[]): Promise<void> {
  const files = filesOf(config);
  if (folder === undefined || more.length > 0) throw new ConfigError('backup takes one folder, which it makes');
  const missing = files.find((name) => !existsSync(join(config.DATA_DIR, name)));
  if (missing)
    throw new UserError(`There is nothing to back up: ${config.DATA_DIR} has no ${missing}. Set DATA_DIR to the folder of an installation.`);
  process.umask(0o077);
  const to = freeFolder(folder);
  const making = mkdtempSync(`${to}.`);
  try {
    for (const name of files) await copy(name, config.DATA_DIR, making);
    const events = files.includes(EVENTS) ? await readThrough(making) : 0;
    for (const name of files) check(join(making, name));
    renameSync(making, to);
    print(`Backed up ${files.join(', ')} with ${events} events to ${to}; the copy was read through. It is a DATA_DIR to start on.`);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
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

function freeFolder(folder: string): string {
  const to = resolve(folder);
  if (existsSync(to) && readdirSync(to).length > 0) throw new UserError(`${to} is not empty. Name a folder that is not there yet.`);
  mkdirSync(dirname(to), { recursive: true });
  return to;
}

/** Copies a file. Its witness is copied before, because the copy must end at the place that the witness saw, or after it. */
async function copy(name: string, from: string, to: string): Promise<void> {
  const witness = witnessOf(join(from, name));
  if (existsSync(witness)) copyFileSync(witness, witnessOf(join(to, name)));
  const db = new DatabaseSync(join(from, name), { readOnly: true, timeout: 5_000 });
  try {
    await backup(db, join(to, name), { rate: ALL_PAGES });
  } finally {
    db.close();
  }
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
async function readThrough(dataDir: string): Promise<number> {
  const store = await openEventStore('sqlite:', { dataDir, log: pino({ level: 'silent' }) });
  let count = 0;
  try {
    for await (const page of store.readAll({ lean: true })) count += page.length;
    for await (const _ of store.readAll({ log: 'bookkeeping' }));
  } finally {
    await store.close();
  }
  return count;
}
