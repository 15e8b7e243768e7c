/** A start that stands long where no abort reaches it, as in a log on a slow disk (strace delays each of its writes): a signal ends it all the same. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from './program.fixture.ts';
import { ADMIN, JWT_SECRET } from './system.fixture.ts';

const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

it.skipIf(!traceable && !process.env.REQUIRE_SERVERS)(
  'a start on a slow disk ends at SIGTERM, before it is through',
  { timeout: 180_000 },
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'slow-start-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const program = runProgram([], { PORT: '0', LOG_LEVEL: 'fatal', ADMIN_PASSWORD: ADMIN.password, JWT_SECRET, DATA_DIR: dataDir });
    const files = ['events.db', 'events.db-wal'].flatMap((name) => ['-P', join(dataDir, name)]);
    const delayed = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:delay_enter=2000000'];
    const strace = spawn('strace', ['-f', '-qq', '-p', String(program.pid), ...files, ...delayed], { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => void strace.kill('SIGKILL'));
    onTestFinished(async () => void (await program.end('SIGKILL')));
    await once(strace.stderr, 'data');
    process.kill(program.pid, 'SIGTERM');
    expect(await program.ended, program.stderr()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(program.stdout()).toBe('');
  },
);
