import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScanner } from './scan.ts';

const CLAMD = '/usr/sbin/clamd';
const isThere = existsSync(CLAMD);

let folder: string;
let clamd: ChildProcess;
beforeAll(async () => {
  if (!isThere) return;
  folder = mkdtempSync(join(tmpdir(), 'clamd-'));
  // One signature of our own: a text in hexadecimal. The public ones take minutes to load, and a network.
  writeFileSync(join(folder, 'ours.ndb'), `Ours.Test:0:*:${Buffer.from('the text that this scanner must find').toString('hex')}\n`);
  const user = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
  const settings = [
    `LocalSocket ${folder}/socket`,
    `DatabaseDirectory ${folder}`,
    `User ${user}`,
    'Foreground yes',
    'StreamMaxLength 1M',
    'ConcurrentDatabaseReload no',
  ];
  writeFileSync(join(folder, 'clamd.conf'), `${settings.join('\n')}\n`);
  clamd = spawn(CLAMD, ['--config-file', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  await expect.poll(() => existsSync(join(folder, 'socket')), { timeout: 100_000 }).toBe(true);
}, 120_000);
afterAll(() => {
  clamd?.kill('SIGKILL');
  if (folder) rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!isThere)('asks Debian’s clamd, which knows a signature of ours', async () => {
  const scanner = openScanner(`clamd:${folder}/socket`);
  const file = (text: string) => {
    writeFileSync(join(folder, 'file'), text);
    return join(folder, 'file');
  };
  expect(await scanner?.scan(file('nothing'))).toEqual({ found: null });
  expect(await scanner?.scan(file('here is the text that this scanner must find, and more'))).toEqual({ found: 'Ours.Test.UNOFFICIAL' });
  await expect(scanner?.scan(file('x'.repeat(3_000_000)))).rejects.toThrow(/clamd/);
});
