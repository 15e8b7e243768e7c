/** A process whose disk hangs while it has something to write (strace delays that by a minute): SIGTERM ends it all the same, and so does a second signal. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { logIn } from './client.fixture.ts';
import { type Program, runProgram } from './program.fixture.ts';
import { ADMIN, JWT_SECRET } from './system.fixture.ts';

const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

/** A process that has been told a command, whose record its disk does not take. */
async function writingInVain(): Promise<Program> {
  const dataDir = mkdtempSync(join(tmpdir(), 'slow-stop-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const program = runProgram([], { PORT: '0', LOG_LEVEL: 'fatal', ADMIN_PASSWORD: ADMIN.password, JWT_SECRET, DATA_DIR: dataDir });
  onTestFinished(async () => void (await program.end('SIGKILL')));
  const url = await program.url();
  const admin = await logIn(() => url, ADMIN);
  const files = ['events.db', 'events.db-wal'].flatMap((name) => ['-P', join(dataDir, name)]);
  const delayed = ['-e', 'trace=pwrite64,fsync,fdatasync', '-e', 'inject=pwrite64,fsync,fdatasync:delay_enter=60000000'];
  const strace = spawn('strace', ['-f', '-qq', '-p', String(program.pid), ...files, ...delayed], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void strace.kill('SIGKILL'));
  const attached = once(strace.stderr, 'data');
  // Probes and checkpoints are written as well: whichever comes first hangs.
  void admin.call('POST /api/tasks', { title: 'Lamp' }).catch(() => {});
  await attached;
  return program;
}

it.skipIf(!traceable && !process.env.REQUIRE_SERVERS)('a process on a disk that hangs ends at SIGTERM', { timeout: 240_000 }, async () => {
  const program = await writingInVain();
  expect(await program.end('SIGTERM'), program.stderr()).toEqual({ code: null, signal: 'SIGKILL' });
});
