/**
 * The whole process on a disk that refuses at random: a file, a call, an error, and at which call of it, once or from then on (strace's fault injection). What was
 * acknowledged is there, nothing is called damaged, and it starts again. Two of them; BAD_DISK=all: twenty. BAD_DISK_SEED repeats a run.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { everyItem } from './client.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const ALL = process.env.BAD_DISK === 'all';
const SEED = Number(process.env.BAD_DISK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

const FILES = ['events.db-wal', 'events.db', 'events.db-witness', 'secrets.db-wal', 'read-models.db-wal', 'read-models.db', 'outbox.db-wal'];
const CALLS = ['pwrite64', 'write', 'fsync', 'fdatasync', 'ftruncate', 'openat', 'rename'];
const ERRORS = ['EIO', 'ENOSPC', 'EDQUOT', 'EFBIG'];
/** The highest of the calls at which a fault begins, and the commands of each round. */
const MOST_CALLS = 12;
const COMMANDS = 40;

interface Fault {
  file: string;
  call: string;
  error: string;
  /** At the k-th call, as strace has it: `3`, or `3+` from then on. */
  when: string;
}

/** Numbers from 0 to 1 that a seed decides. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function faultsOf(seed: number, count: number): Fault[] {
  const chance = chances(seed);
  const one = <T>(of: readonly T[]) => of[Math.floor(chance() * of.length)] as T;
  return Array.from({ length: count }, () => ({
    file: one(FILES),
    call: one(CALLS),
    error: one(ERRORS),
    when: `${1 + Math.floor(chance() * MOST_CALLS)}${chance() < 0.5 ? '+' : ''}`,
  }));
}

/** Makes the calls of the running process fail so, until strace is ended. */
async function inject({ file, call, error, when }: Fault, { program, dataDir }: Installation): Promise<ChildProcess> {
  const injected = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${when}`];
  const strace = spawn('strace', ['-f', '-p', String(program().pid), '-P', join(dataDir, file), ...injected], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void strace.kill('SIGKILL'));
  // It says that it is attached.
  await once(strace.stderr, 'data');
  strace.stderr.resume();
  return strace;
}

/** Makes tasks, a few at a time, and logs in between; resolves to the titles of those that were acknowledged. */
async function load({ admin, call }: Installation): Promise<string[]> {
  const acknowledged: string[] = [];
  const make = async (n: number) => {
    const answer = await admin.call('POST /api/tasks', { title: `Task ${n}` }).catch(() => null);
    if (answer?.status === 201) acknowledged.push(`Task ${n}`);
    if (n % 8 === 0) await call('POST /api/login', { email: admin.email, password: admin.password }).catch(() => null);
  };
  for (let n = 0; n < COMMANDS; n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(make));
  return acknowledged;
}

describe.skipIf(!traceable && !process.env.REQUIRE_SERVERS)(`a process on a disk that refuses at random (BAD_DISK_SEED=${SEED})`, () => {
  it.each(faultsOf(SEED, ALL ? 20 : 2))(
    '$call of $file answers $error at $when: what was acknowledged is there after a start anew',
    {
      timeout: 300_000,
    },
    async (fault) => {
      const system = await openInstallation();
      onTestFinished(() => system.remove());
      const strace = await inject(fault, system);
      const acknowledged = await load(system);
      // What could not be written ends it by itself, with code 1; else it is told to.
      const { code, signal } = await (system.program().runs() ? system.stop() : system.program().ended);
      strace.kill('SIGKILL');
      expect([code, signal], system.output()).toBeOneOf([
        [0, null],
        [1, null],
        [null, 'SIGKILL'],
      ]);
      await system.start();
      const titles = async () => (await everyItem(system.admin.call, '/api/tasks')).map(({ title }) => title);
      await expect.poll(titles, { timeout: 60_000 }).toEqual(expect.arrayContaining(acknowledged));
      expect(await system.admin.call('POST /api/tasks', { title: 'afterwards' })).toMatchObject({ status: 201 });
      expect(system.output()).not.toMatch(/damaged/);
      if (ALL) process.stdout.write(`${JSON.stringify({ ...fault, acknowledged: acknowledged.length, of: COMMANDS, code, signal })}\n`);
    },
  );
});
