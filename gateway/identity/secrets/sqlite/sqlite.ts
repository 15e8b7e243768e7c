/** Secrets in their own SQLite file, which only its owner can read. One process at a time uses it (the folder's lock sees to that). */

import { chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { refuseAnotherDatabase } from '../../../../platform/sqlite/another-database.ts';
import type { FoldingLog } from '../../../../platform/sqlite/folding.ts';
import { openWrittenFile, type WrittenFile } from '../../../../platform/sqlite/written-file.ts';
import { UserError } from '../../../../platform/user-error.ts';
import { type SecretRecord, type Secrets, SecretsUnavailable } from '../secrets.ts';

export interface SecretsLog {
  warn(data: object, message: string): void;
}

export interface SqliteSecretsOptions {
  log: SecretsLog & Partial<FoldingLog>;
  /** Called once when an fsync failed, after which nothing more is written until the file is opened anew. */
  ended?: ((error: Error) => void) | undefined;
  now?: () => Date;
}

/** The version of the table's shape. */
const SHAPE = 1;
const PURGE_EVERY = 10 * 60_000;
/** The number of records removed at once, because removing holds up the event loop. */
const PURGE_AT_ONCE = 500;

/** Pages in the write-ahead log up to which it is not folded: SQLite's own number. */
const PAGES = 1_000;

/** The number of records in a page of `all`. */
const PAGE = 500;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS secrets (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL, owner TEXT NOT NULL, expires TEXT,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS secrets_by_owner ON secrets (kind, owner);
  CREATE INDEX IF NOT EXISTS secrets_by_end ON secrets (expires) WHERE expires IS NOT NULL;
  PRAGMA user_version = ${SHAPE};`;

const OURS = {
  table: 'secrets',
  columns: ['kind', 'key', 'value', 'version', 'owner', 'expires'],
  what: 'a secrets file',
  advice: 'Move it away, or set SECRETS_URL to another file.',
};

const LIVE = '(expires IS NULL OR expires > :now)';
const COLUMNS = 'key, value, version, owner, expires';

/**
 * Opens the file, or makes it. Its error's message is for the operator; later calls reject with SecretsUnavailable while the disk refuses, and
 * then nothing was written.
 */
export function openSqliteSecrets(path: string, { log, ended, now = () => new Date() }: SqliteSecretsOptions): Secrets {
  const { db, file } = openFile(path, { log, ended });
  const statements = prepare(db);
  const clock = () => now().toISOString();
  const timer = setInterval(purge, PURGE_EVERY).unref();
  purge();

  function purge(): void {
    try {
      const { changes } = file.write(() => statements.purge.run({ now: clock() }));
      if (changes === PURGE_AT_ONCE) setImmediate(() => db.isOpen && purge());
    } catch (error) {
      log.warn({ err: error }, 'expired secrets not removed; they are treated as gone all the same');
    }
  }

  /** Removes an expired record that was asked for: who heard once that it is gone must not find it again after the clock was set back. */
  function forget(kind: string, key: string): void {
    try {
      file.write(() => statements.forget.run({ kind, key, now: clock() }));
    } catch (error) {
      log.warn({ err: error }, 'expired secrets not removed; they are treated as gone all the same');
    }
  }

  return {
    get: async (kind, key) => {
      const row = file.read(() => statements.get.get({ kind, key, now: clock() }));
      if (row) return recordOf(row);
      forget(kind, key);
      return null;
    },
    put: async (kind, { key, value, owner, expires = null }, version) => {
      const row = { kind, key, owner, value: JSON.stringify(value), expires: expires && new Date(expires).toISOString(), now: clock() };
      return file.write(() => {
        if (version === undefined) return statements.put.run(row).changes === 1;
        if (version === 0) return statements.insert.run(row).changes === 1;
        return statements.update.run({ ...row, version }).changes === 1;
      });
    },
    delete: async (kind, key) => {
      file.write(() => statements.delete.run({ kind, key }));
    },
    present: async (kind, keys) =>
      file.read(() => statements.present.all({ kind, keys: JSON.stringify(keys), now: clock() })).map(({ key }) => String(key)),
    some: async (kind, keys) => file.read(() => statements.some.all({ kind, keys: JSON.stringify(keys), now: clock() })).map((row) => recordOf(row)),
    list: async (kind, owner) => file.read(() => statements.list.all({ kind, owner, now: clock() })).map((row) => recordOf(row)),
    all: async function* (kind) {
      for (let after = ''; ; ) {
        const page = file.read(() => statements.all.all({ kind, after, now: clock() })).map((row) => recordOf(row));
        const last = page.at(-1);
        if (!last) return;
        yield page;
        after = last.key;
      }
    },
    restore: async (kind, { key, value, version, owner, expires }) => {
      file.write(() => statements.restore.run({ kind, key, value: JSON.stringify(value), version, owner, expires }));
    },
    // Releases of all times overwrote what they deleted: there is nothing to write anew.
    purge: () => file.purge(async () => {}),
    close: async () => {
      clearInterval(timer);
      file.close();
    },
  };
}

function recordOf<T>(row: Record<string, SQLOutputValue>): SecretRecord<T> {
  return { ...row, value: JSON.parse(String(row.value)) } as SecretRecord<T>;
}

/** The prepared statements. An expired record counts as missing: the one put in its place has version 1 again. */
function prepare(db: DatabaseSync) {
  const insert = 'INSERT INTO secrets (kind, key, value, version, owner, expires) VALUES (:kind, :key, :value, 1, :owner, :expires)';
  const replace = 'ON CONFLICT DO UPDATE SET value = excluded.value, owner = excluded.owner, expires = excluded.expires';
  return {
    get: db.prepare(`SELECT ${COLUMNS} FROM secrets WHERE kind = :kind AND key = :key AND ${LIVE}`),
    present: db.prepare(`SELECT key FROM secrets WHERE kind = :kind AND key IN (SELECT value FROM json_each(:keys)) AND ${LIVE}`),
    some: db.prepare(`SELECT ${COLUMNS} FROM secrets WHERE kind = :kind AND key IN (SELECT value FROM json_each(:keys)) AND ${LIVE}`),
    list: db.prepare(`SELECT ${COLUMNS} FROM secrets WHERE kind = :kind AND owner = :owner AND ${LIVE} ORDER BY key`),
    put: db.prepare(`${insert} ${replace}, version = CASE WHEN ${LIVE} THEN version + 1 ELSE 1 END`),
    insert: db.prepare(`${insert} ${replace}, version = 1 WHERE expires <= :now`),
    update: db.prepare(`UPDATE secrets SET value = :value, owner = :owner, expires = :expires, version = version + 1
      WHERE kind = :kind AND key = :key AND version = :version AND ${LIVE}`),
    all: db.prepare(`SELECT ${COLUMNS} FROM secrets WHERE kind = :kind AND key > :after AND ${LIVE} ORDER BY key LIMIT ${PAGE}`),
    restore: db.prepare(`INSERT INTO secrets (kind, key, value, version, owner, expires) VALUES (:kind, :key, :value, :version, :owner, :expires)
      ${replace}, version = excluded.version`),
    delete: db.prepare('DELETE FROM secrets WHERE kind = :kind AND key = :key'),
    forget: db.prepare('DELETE FROM secrets WHERE kind = :kind AND key = :key AND expires <= :now'),
    purge: db.prepare(`DELETE FROM secrets WHERE (kind, key) IN (SELECT kind, key FROM secrets WHERE expires <= :now LIMIT ${PURGE_AT_ONCE})`),
  };
}

function openFile(path: string, { log, ended }: Pick<SqliteSecretsOptions, 'log' | 'ended'>): { db: DatabaseSync; file: WrittenFile } {
  refuseAnotherDatabase(path, OURS);
  let db: DatabaseSync | undefined;
  try {
    makePrivate(path, log);
    db = new DatabaseSync(path, { timeout: 5_000 });
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    const shape = Number(db.prepare('PRAGMA user_version').get()?.user_version);
    if (shape > SHAPE) throw new Error(`it was written by a newer taskledger (shape ${shape}, this one knows ${SHAPE})`);
    db.exec(SCHEMA);
    return { db, file: openWrittenFile({ db, file: path, log, pages: PAGES, unavailable, ended }) };
  } catch (error) {
    db?.close();
    const message = `The secrets file ${path} cannot be opened: ${reason(error)}. Check the folder's rights, or restore the file from a backup.`;
    throw new UserError(message, { cause: error });
  }
}

/** Makes the file with mode 600 before it holds data; SQLite gives its WAL the same mode. A file that others can read is closed to them. */
function makePrivate(path: string, log: SecretsLog): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, constants.O_CREAT | constants.O_RDWR, 0o600);
  closeSync(file);
  for (const one of [path, `${path}-wal`, `${path}-shm`]) {
    const mode = statSync(one, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) === 0) continue;
    log.warn({ file: one, mode: (mode & 0o777).toString(8) }, 'a secrets file could be read by others; its mode is 600 now');
    chmodSync(one, 0o600);
  }
}

function unavailable(cause: unknown): SecretsUnavailable {
  return new SecretsUnavailable(`the secrets file: ${reason(cause)}`, { cause });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
