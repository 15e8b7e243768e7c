import { existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { backUp } from './operator/backup.ts';
import { deadLetters } from './operator/dead-letters.ts';
import { type Folder, openFolder } from './operator/migrate/installation.fixture.ts';
import { migrateToServers } from './operator/migrate.ts';
import { replay } from './operator/replay.ts';
import { start } from './start.ts';

const SERVERS = {
  EVENT_STORE_URL: 'esdb://127.0.0.1:1?tls=false',
  SECRETS_URL: 'mongodb://127.0.0.1:1/taskledger_secrets',
  JWT_SECRET: 'a secret of the tests, thirty-two and more',
  ADMIN_EMAIL: 'admin@example.org',
  ADMIN_PASSWORD: 'the admin of the tests',
};

let folder: Folder;

beforeEach(async () => {
  folder = await openFolder();
  await folder.close();
});
afterEach(async () => {
  await folder.remove();
});

/** Files of the folder that this process has open. */
function openFiles(): string[] {
  const all = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The one that this listing was read through.
      return [];
    }
  });
  return all.filter((file) => file.startsWith(folder.dataDir));
}

const config = (more: Record<string, string> = {}) => readConfig({ DATA_DIR: folder.dataDir, LOG_LEVEL: 'silent', ...more });

describe.runIf(existsSync('/proc/self/fd'))('where a port cannot be opened, those that were opened before are closed again, by', () => {
  const damaged = (name: string) => writeFileSync(join(folder.dataDir, name), 'this is no database, whatever its name says'.repeat(100));
  const inTheWay = (name: string) => mkdirSync(join(folder.dataDir, name));

  it('a start', async () => {
    inTheWay('read-models.db');
    await expect(start(config({ PORT: '0' }), { parts: ['read-side'] })).rejects.toThrow();
    expect(openFiles()).toEqual([]);
  });

  it('replay', async () => {
    inTheWay('read-models.db');
    await expect(replay(config(), [])).rejects.toThrow();
    expect(openFiles()).toEqual([]);
  });

  it('dead-letters', async () => {
    inTheWay('read-models.db');
    await expect(deadLetters(config(), ['list'])).rejects.toThrow();
    expect(openFiles()).toEqual([]);
  });

  it('migrate, of its source', async () => {
    damaged('secrets.db');
    await expect(migrateToServers(config(SERVERS))).rejects.toThrow();
    expect(openFiles()).toEqual([]);
  });

  it('backup, of the copy', async () => {
    damaged('secrets.db');
    await expect(backUp(config(), [join(folder.dataDir, 'copy')])).rejects.toThrow();
    expect(openFiles()).toEqual([]);
    expect(readdirSync(folder.dataDir).filter((name) => name.startsWith('copy'))).toEqual([]);
  });
});
