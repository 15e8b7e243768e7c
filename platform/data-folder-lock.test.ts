import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { lockFolder, lockFolderSoon } from './data-folder-lock.ts';

const LOCK = fileURLToPath(new URL('./data-folder-lock.ts', import.meta.url));

it('a folder is held by one process; kill -9 sets it free', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lock-'));
  const program = `const { lockFolder } = await import(${JSON.stringify(LOCK)}); globalThis.held = lockFolder(${JSON.stringify(dataDir)}); console.log('held'); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => lockFolder(dataDir)).toThrow(new RegExp(`held by another process \\(pid ${child.pid}\\).*DATA_DIR`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockFolder(dataDir).release();
  rmSync(dataDir, { recursive: true });
});

it('a folder names the process that holds it, and none once that let go', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lock-'));
  const lock = lockFolder(dataDir);
  expect(readFileSync(join(dataDir, 'pid'), 'utf8')).toBe(`${process.pid}\n`);
  lock.release();
  expect(existsSync(join(dataDir, 'pid'))).toBe(false);
  rmSync(dataDir, { recursive: true });
});

it('a start waits a moment for a folder that is about to be free, and no longer than that for one that is held', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lock-'));
  const before = lockFolder(dataDir);
  const waiting = lockFolderSoon(dataDir);
  await new Promise(setImmediate);
  before.release();
  const lock = await waiting;
  await expect(lockFolderSoon(dataDir)).rejects.toThrow('held by another process');
  lock.release();
  rmSync(dataDir, { recursive: true });
});

it('a folder below one that takes none is one clear line, and soon', () => {
  expect(() => lockFolder('/proc/taskledger/data')).toThrow(/cannot be written.*DATA_DIR/);
});

it('a folder that cannot be made is one clear line', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lock-'));
  writeFileSync(join(dataDir, 'file'), '');
  expect(() => lockFolder(join(dataDir, 'file', 'below'))).toThrow(/cannot be written.*DATA_DIR/);
  rmSync(dataDir, { recursive: true });
});

it.runIf(process.platform === 'linux')('a folder stays held where the file of its lock was deleted, by whatever path it is named', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'lock-'));
  const other = `${dataDir}-link`;
  symlinkSync(dataDir, other);
  const lock = lockFolder(dataDir);
  rmSync(join(dataDir, 'lock'));
  for (const path of [dataDir, other]) expect(() => lockFolder(path)).toThrow(new RegExp(`held by another process \\(pid ${process.pid}\\)`));
  expect(existsSync(join(dataDir, 'lock'))).toBe(false);
  lock.release();
  lockFolder(other).release();
  for (const path of [other, dataDir]) rmSync(path, { recursive: true });
});
