/**
 * Writes that the disk refuses, by strace's fault injection: the system call is not made and answers an error. A process appends on such a disk, and
 * the store is opened again on a good one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
import { all } from '../event-store.suite.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openSqliteEventStore } from './sqlite.ts';

/** `all` for every call and error of a run, as `npm run faults` has it; else a sample of this many seconds. */
const BAD_DISK = process.env.BAD_DISK;
const SAMPLE_SECONDS = 25;
const PROGRAM = fileURLToPath(new URL('./appends-on-a-bad-disk.fixture.ts', import.meta.url));

/** Whether a process may be traced here; where nothing may be missing, one that may not is an error of the tests. */
const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const skipped = !traceable && !process.env.REQUIRE_SERVERS;

const CALLS = ['pwrite64', 'write', 'fsync', 'fdatasync', 'ftruncate', 'openat', 'rename'];
const ERRORS = ['EIO', 'ENOSPC', 'EDQUOT', 'EFBIG'];

interface Fault {
  call: string;
  error: string;
  /** As strace has it: `7` is the seventh call, `7+` that and all after it. */
  when: string;
}

interface Ran {
  code: number | null;
  /** What was acknowledged, `<stream> <event id>`, and every mistake of the writer, `wrong …`. */
  lines: string[];
  errors: string;
  /** The system calls on the store's files, in order. */
  trace: string[];
}

describe.skipIf(skipped)(`on a disk that refuses${skipped ? ' (skipped: strace is missing, or may not trace)' : ''}`, () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'bad-disk-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  /** Runs the appending process in a folder, with a fault on the calls that touch the store's files. */
  function run(folder: string, fault: Fault | null, characters = 10): Ran {
    const file = join(folder, 'events.db');
    const ours = [folder, file, ...['-wal', '-shm', '-journal', '-witness', '-witness.new'].map((end) => `${file}${end}`)];
    const inject = fault ? ['-e', `inject=${fault.call}:error=${fault.error}:when=${fault.when}`] : [];
    const trace = join(dataDir, 'trace');
    const { status, stdout, stderr } = spawnSync(
      'strace',
      [
        ...['-f', '-y', '-s', '0', '-o', trace, '-e', `trace=${CALLS.join()}`, ...inject, ...ours.flatMap((path) => ['-P', path])],
        ...[process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, folder, String(characters)],
      ],
      { encoding: 'utf8' },
    );
    const calls = existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : [];
    return { code: status, lines: stdout.split('\n').filter(Boolean), errors: stderr, trace: calls.filter((line) => line.includes('(')) };
  }

  /** Opens the store on a good disk: what was acknowledged is there, each stream without a gap, and it can be appended to. */
  async function checkAfter(folder: string, { lines }: Pick<Ran, 'lines'>, name: string): Promise<void> {
    const found: string[] = [];
    const log = { error: (_: object, message: string) => void found.push(message) };
    const store = await openSqliteEventStore({ file: join(folder, 'events.db'), log });
    const events = [...(await all(store.readAll())), ...(await all(store.readAll({ log: 'bookkeeping' })))];
    const there = new Set(events.map(({ stream, id }) => `${stream} ${id}`));
    // Of bookkeeping the last two are kept.
    const last = new Map(lines.map((line, index) => [line.split(' ')[0], index]));
    const lost = lines.filter((line, index) => !there.has(line) && !(line.startsWith('_') && index < (last.get(line.split(' ')[0]) ?? 0)));
    expect({ name, lost, found }).toEqual({ name, lost: [], found: [] });
    await store.append(`task-after.${name}`, NO_STREAM, [anEvent()]);
    await store.close();
  }

  async function tryFault(fault: Fault, characters?: number): Promise<Ran & { met: boolean }> {
    const name = `${fault.call}:${fault.error}:${fault.when}`;
    const folder = mkdtempSync(join(dataDir, 'run-'));
    const ran = run(folder, fault, characters);
    expect({ name, errors: ran.errors }).not.toMatchObject({ errors: expect.stringMatching(/damaged|\n +at /) });
    expect({ name, code: ran.code }).toMatchObject({ code: expect.toBeOneOf([0, 1]) });
    await checkAfter(folder, ran, name);
    rmSync(folder, { recursive: true });
    return { ...ran, met: ran.trace.some((line) => line.includes('(INJECTED)')) };
  }

  /** The number of calls of each kind in a run without a fault. */
  function countCalls(): Map<string, number> {
    const counts = new Map(CALLS.map((call) => [call, 0]));
    const ran = run(mkdtempSync(join(dataDir, 'run-')), null);
    expect(ran).toMatchObject({ code: 0, errors: '' });
    expect(ran.lines).toHaveLength(12);
    for (const line of ran.trace) {
      const call = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? '';
      counts.set(call, (counts.get(call) ?? 0) + 1);
    }
    return counts;
  }

  /** The n-th commit's call: the first one of `call` on the write-ahead log after n - 1 acknowledged groups, as its number among all such calls. */
  function numberOf(call: string, { trace }: Ran, nth: (onLog: number[]) => number | undefined): string {
    const calls = trace.filter((line) => line.includes(` ${call}(`));
    return String(nth(calls.flatMap((line, index) => (line.includes('events.db-wal>') ? [index + 1] : []))));
  }

  it.each(ERRORS)('invariant 16: rolls a group back that got %s, goes on with the next one, and starts again', async (error) => {
    const clean = run(mkdtempSync(join(dataDir, 'run-')), null);
    const when = numberOf('pwrite64', clean, (onLog) => onLog.at(-12));
    const ran = await tryFault({ call: 'pwrite64', error, when });
    expect(ran).toMatchObject({ met: true, code: 0 });
    // One of four groups of three was not recorded.
    expect(ran.lines).toHaveLength(9);
    expect(ran.errors.match(/"level":50/g)).toHaveLength(1);
  });

  it.each(['EIO', 'ENOSPC'])('invariant 16: after a failed fsync (%s) writes and witnesses nothing more, and ends with code 1', async (error) => {
    const clean = run(mkdtempSync(join(dataDir, 'run-')), null);
    const when = numberOf('fsync', clean, (onLog) => onLog.at(-3));
    const ran = await tryFault({ call: 'fsync', error, when });
    expect(ran).toMatchObject({ met: true, code: 1 });
    expect(ran.lines).toHaveLength(6);
    expect(ran.errors.match(/"level":50/g)).toHaveLength(1);
    const after = ran.trace.slice(ran.trace.findIndex((line) => line.includes('(INJECTED)')) + 1);
    expect(after.filter((line) => !line.includes(' openat('))).toEqual([]);
  });

  it('ends also where the fsync failed that folds the write-ahead log into the file, after a group that was acknowledged', async () => {
    const large = 1_500_000;
    const clean = run(mkdtempSync(join(dataDir, 'run-')), null, large);
    // The first one of the file itself after the store was opened.
    const open = clean.trace.findIndex((line) => line.includes('O_RDONLY') && line.includes('events.db"'));
    const folded = clean.trace.findIndex((line, index) => index > open && line.includes(' fsync(') && line.includes('events.db>'));
    const when = String(clean.trace.slice(0, folded + 1).filter((line) => line.includes(' fsync(')).length);
    const ran = await tryFault({ call: 'fsync', error: 'EIO', when }, large);
    expect(ran).toMatchObject({ met: true, code: 1 });
    expect(ran.lines.length).toBeGreaterThan(0);
    expect(ran.lines.length).toBeLessThan(12);
  });

  it(`invariant 16: a call that fails, once or from then on, leaves a store that starts and holds what was acknowledged (${BAD_DISK ?? 'a sample'})`, {
    timeout: BAD_DISK === 'all' ? 7_200_000 : 120_000,
  }, async () => {
    const faults = [...countCalls()].flatMap(([call, count]) =>
      Array.from({ length: count }, (_, index) =>
        ERRORS.flatMap((error) => [index + 1, `${index + 1}+`].map((when) => ({ call, error, when: String(when) }))),
      ),
    );
    const until = BAD_DISK === 'all' ? Number.POSITIVE_INFINITY : performance.now() + SAMPLE_SECONDS * 1_000;
    let met = 0;
    for (const fault of shuffled(faults.flat())) {
      if (performance.now() > until) break;
      const ran = await tryFault(fault);
      if (ran.met) met++;
    }
    expect(met).toBeGreaterThan(5);
  });
});

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((one) => [Math.random(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
