import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecrets } from '../open.ts';
import { secretsSuite } from '../secrets.suite.ts';

const START = Date.parse('2026-11-21T09:00:00.000Z');

secretsSuite('SQLite', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'secrets-'));
  let time = START;
  const now = () => new Date(time);
  const options = { dataDir, log: { warn: () => {} }, now };
  const test = {
    secrets: await openSecrets('sqlite:', options),
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
    now: () => now().toISOString(),
    reopen: async () => {
      await test.secrets.close();
      test.secrets = await openSecrets('sqlite:', options);
    },
    close: async () => {
      await test.secrets.close();
      rmSync(dataDir, { recursive: true });
    },
  };
  return test;
});

describe('the secrets file', () => {
  let dataDir: string;
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => warnings.push(message) };
  const modes = () => readdirSync(dataDir).map((name) => `${name} ${(statSync(join(dataDir, name)).mode & 0o777).toString(8)}`);
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'secrets-'));
    warnings.length = 0;
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('is its owner’s alone, with its WAL, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const secrets = await openSecrets(undefined, { dataDir, log });
      await secrets.put('keys', { key: 'a', value: 1, owner: 'me' });
      expect(modes().toSorted()).toEqual(['secrets.db 600', 'secrets.db-shm 600', 'secrets.db-wal 600']);
      await secrets.close();
    } finally {
      process.umask(umask);
    }
    expect(warnings).toEqual([]);
  });

  it('is closed to others when it was open to them, and that is said', async () => {
    await (await openSecrets('sqlite:', { dataDir, log })).close();
    chmodSync(join(dataDir, 'secrets.db'), 0o644);
    await (await openSecrets('sqlite:', { dataDir, log })).close();
    expect(modes()).toEqual(['secrets.db 600']);
    expect(warnings).toHaveLength(1);
  });

  it('loses expired records when it is opened', async () => {
    const gone = { key: 'a', value: 'long-gone-value', owner: 'me', expires: '2020-01-01T00:00:00.000Z' };
    const secrets = await openSecrets('sqlite:', { dataDir, log });
    await secrets.put('codes', gone);
    await secrets.put('codes', { ...gone, key: 'b', expires: null });
    await secrets.close();
    await (await openSecrets('sqlite:', { dataDir, log })).close();
    const db = new DatabaseSync(join(dataDir, 'secrets.db'));
    expect(db.prepare('SELECT key FROM secrets').all()).toEqual([{ key: 'b' }]);
    db.close();
  });

  it('holds nothing any more of a record that was deleted', async () => {
    const secrets = await openSecrets('sqlite:', { dataDir, log });
    await secrets.put('codes', { key: 'a', value: 'what-was-secret', owner: 'me' });
    await secrets.delete('codes', 'a');
    await secrets.close();
    expect(readFileSync(join(dataDir, 'secrets.db')).includes('what-was-secret')).toBe(false);
  });

  it('holds nothing of it in its log either once it is purged, while it is open', async () => {
    const secrets = await openSecrets('sqlite:', { dataDir, log });
    await secrets.put('codes', { key: 'a', value: 'what-was-secret', owner: 'me' });
    await secrets.delete('codes', 'a');
    const walOfIt = () => readFileSync(join(dataDir, 'secrets.db-wal'));
    expect(walOfIt().includes('what-was-secret')).toBe(true);
    await secrets.purge();
    expect([walOfIt().length, readFileSync(join(dataDir, 'secrets.db')).includes('what-was-secret')]).toEqual([0, false]);
    await secrets.close();
  });

  it('is refused with one clear line when it is no database, is newer, or the place cannot be used', async () => {
    const path = join(dataDir, 'secrets.db');
    writeFileSync(path, 'this is no database, but it is long enough to be looked at as one. '.repeat(20));
    await expect(openSecrets('sqlite:', { dataDir, log })).rejects.toThrow(
      /^The secrets file .*secrets\.db cannot be opened: .*not a database.*backup\.$/,
    );
    rmSync(path);
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSecrets('sqlite:', { dataDir, log })).rejects.toThrow(/newer taskledger/);
    await expect(openSecrets(`sqlite:${path}/below/a/file.db`, { dataDir, log })).rejects.toThrow(/cannot be opened: ENOTDIR/);
    await expect(openSecrets('mysql://host', { dataDir, log })).rejects.toThrow(/SECRETS_URL: mysql/);
  });
});
