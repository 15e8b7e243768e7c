import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_STREAM } from '../../contracts/message.ts';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import { anEvent } from '../../platform/event-store/example-event.fixture.ts';
import { openSqliteEventStore } from '../../platform/event-store/sqlite/sqlite.ts';
import { runProgram } from '../../system/program.fixture.ts';
import { readConfig } from '../config.ts';
import { backUp } from './backup.ts';
import { type Folder, openFolder } from './migrate/installation.fixture.ts';

let folder: string;
let installation: Folder;
/** The folder that a backup is asked for, and what is printed meanwhile. */
let to: string;
let printed: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backup-'));
  to = join(folder, 'backups', 'today');
  mkdirSync(join(folder, 'data'));
  installation = await openFolder(join(folder, 'data'));
  await installation.store.append('task-a', NO_STREAM, [anEvent()]);
  await installation.secrets.put('keys', { key: 'a', value: 1, owner: 'me' });
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await installation.close();
  rmSync(folder, { recursive: true });
});

const env = (more: Record<string, string> = {}) => ({ DATA_DIR: installation.dataDir, ...more });
const run = (more?: Record<string, string>) => backUp(readConfig(env(more)), [to]);
const beside = () => (existsSync(join(folder, 'backups')) ? readdirSync(join(folder, 'backups')) : []);
const isPartial = () => beside().some((name) => name.includes('.partial-'));

/** Makes the file of the events so large that copying it takes many steps. */
function fill(): void {
  const db = new DatabaseSync(join(installation.dataDir, 'events.db'), { timeout: 5_000 });
  db.exec('CREATE TABLE filling (bytes BLOB)');
  for (let n = 0; n < 60; n++) db.exec('INSERT INTO filling VALUES (zeroblob(1000000))');
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Calls `work` at each turn of the event loop while a backup is at it. */
async function meanwhile<T>(running: Promise<T>, work: () => unknown): Promise<T> {
  let over = false;
  void running
    .catch(() => {})
    .finally(() => {
      over = true;
    });
  while (!over) {
    if (isPartial()) await work();
    await nextTurn();
  }
  return running;
}

describe('a backup', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('that gets %s says so and leaves nothing', async (signal) => {
    fill();
    await expect(meanwhile(run(), () => process.emit(signal, signal))).rejects.toThrow(
      `The backup was interrupted (${signal}); nothing of it is left.`,
    );
    expect(beside()).toEqual([]);
    expect(process.listenerCount(signal)).toBe(0);
  });

  it('says where files are that it does not copy, and nothing of them where it does', async () => {
    await run({ FILES_URL: 's3://bucket?endpoint=http://127.0.0.1:1', S3_ACCESS_KEY: 'someone', S3_SECRET_KEY: 'secret-of-someone' });
    expect(printed).toContain('they are in the bucket of FILES_URL');
    printed = '';
    await backUp(readConfig(env()), [join(folder, 'backups', 'another')]);
    expect(printed).toContain('It is a DATA_DIR to start on.\n');
  });

  it('takes the bytes of files along, but none that was half written', async () => {
    const [kept, half] = [join(folder, 'data', 'files', 'media', '0b', '0b9f'), join(folder, 'data', 'files', '.new')];
    for (const path of [kept, half]) mkdirSync(path, { recursive: true });
    writeFileSync(join(kept, 'original'), 'bytes');
    writeFileSync(join(half, 'one'), 'by');
    await run();
    expect(readFileSync(join(to, 'files', 'media', '0b', '0b9f', 'original'), 'utf8')).toBe('bytes');
    expect(readdirSync(join(to, 'files', '.new'))).toEqual([]);
    expect(printed).toContain('1 objects of files');
  });

  it('that was killed leaves a folder whose name says so, and the next one removes it', async () => {
    fill();
    const killed = runProgram(['backup', to], env({ NODE_ENV: 'test' }));
    await vi.waitFor(() => expect(isPartial()).toBe(true), { timeout: 20_000, interval: 1 });
    await killed.end('SIGKILL');
    const [left = ''] = beside();
    expect(left).toMatch(/^today\.partial-.{6}$/);
    await run();
    expect(beside()).toEqual(['today']);
    expect(printed).toMatch(`Removed ${join(folder, 'backups', left)}, which a backup that was killed had left.`);
    expect(readdirSync(to).toSorted()).toEqual(['events.db', 'events.db-witness', 'secrets.db']);
  });

  it('leaves alone the folder of one that is still at work, and whatever else looks like one', async () => {
    const others = ['yesterday.partial-AbCdEf', 'mine.partial-123456'].map((name) => join(folder, 'backups', name));
    for (const path of others) mkdirSync(path, { recursive: true });
    const atWork = lockFolder(others[0] ?? '');
    writeFileSync(join(others[1] ?? '', 'letters.txt'), 'mine');
    await run();
    atWork.release();
    expect(beside().toSorted()).toEqual(['mine.partial-123456', 'today', 'yesterday.partial-AbCdEf']);
    expect(printed).not.toMatch('Removed');
  });

  it('tells by how much the write-ahead log grew, and gives up where that is too much', async () => {
    fill();
    const write = () => installation.secrets.put('keys', { key: 'a', value: 'x'.repeat(100_000), owner: 'me' });
    let revision = 0;
    const append = async () => {
      revision = (await installation.store.append('task-a', revision, [anEvent('x'.repeat(100_000))])).revision;
      await write();
    };
    await meanwhile(run(), append);
    expect(printed).toMatch(/ Write-ahead logs grew by \d+ MB meanwhile\.\n$/);
    rmSync(to, { recursive: true });
    const large = async () => {
      revision = (await installation.store.append('task-a', revision, [anEvent('x'.repeat(1_500_000))])).revision;
    };
    await expect(meanwhile(run({ BACKUP_LOG_MB: '1' }), large)).rejects.toThrow(
      /^The backup was given up, and nothing of it is left: .*events\.db.* grew by more than 1 MB\. .*BACKUP_LOG_MB/,
    );
    expect(beside()).toEqual([]);
  });

  it('says in one line where its folder cannot be made', async () => {
    writeFileSync(join(folder, 'backups'), 'a file');
    await expect(run()).rejects.toThrow(
      /^The backup could not be made in .*today \(.*\)\. Make room there, make it writable, or name another folder\.$/,
    );
  });

  it('is as the files were at one moment, whatever is written while it is made', async () => {
    fill();
    let revision = 0;
    await meanwhile(run(), async () => {
      revision = (await installation.store.append('task-a', revision, [anEvent()])).revision;
    });
    expect(revision).toBeGreaterThan(0);
    const copy = await openSqliteEventStore({ file: join(to, 'events.db'), log: { error: () => {} } });
    const pages = [];
    for await (const page of copy.readAll()) pages.push(...page);
    await copy.close();
    expect(pages.length).toBeGreaterThan(0);
    expect(pages.map((event) => event.revision)).toEqual(pages.map((_, index) => index));
    expect(pages.length).toBeLessThanOrEqual(revision + 1);
    expect(readFileSync(join(to, 'events.db')).length).toBeGreaterThan(60_000_000);
  });
});
