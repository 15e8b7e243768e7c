/**
 * Programs on a disk that refuses. By strace's fault injection a system call is not made and answers an error; by a preloaded library a write writes
 * only a part of its bytes, and the next one nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const CALLS = ['pwrite64', 'write', 'fsync', 'fdatasync', 'ftruncate', 'openat', 'rename'];
export const DISK_ERRORS = ['EIO', 'ENOSPC', 'EDQUOT', 'EFBIG'];

/** Whether a process may be traced here. */
const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const compiler = ['cc', 'gcc'].find((name) => spawnSync(name, ['--version']).status === 0);

/** True where no tests on bad disks can run; where nothing may be missing, that is an error of the tests. */
export const isUntraceable = !traceable && !process.env.REQUIRE_SERVERS;
export const cannotPreload = !compiler && !process.env.REQUIRE_SERVERS;

/** All calls and errors, as `npm run faults` has it, or a sample of some seconds. */
export const ALL_FAULTS = process.env.BAD_DISK === 'all';

export interface Fault {
  call: string;
  error: string;
  /** As strace has it: `7` is the seventh call, `7+` that and all after it. */
  when: string;
}

export interface Ran {
  code: number | null;
  /** What the program printed: what was acknowledged, and every mistake that it noticed, `wrong …`. */
  lines: string[];
  errors: string;
  /** The system calls on the file and what belongs to it, in order. */
  trace: string[];
  met: boolean;
}

export interface OnBadDisk {
  /** Path of the program, and its arguments. */
  program: string;
  args: string[];
  /** The SQLite file that it works on. */
  file: string;
}

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const SIDES = ['', '-wal', '-shm', '-journal', '-witness', '-witness.new'];

/** Runs a program with a fault on the calls that touch its file. */
export function runTraced({ program, args, file }: OnBadDisk, fault: Fault | null): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'trace-'));
  const trace = join(folder, 'trace');
  const ours = [dirname(file), ...SIDES.map((end) => `${file}${end}`)];
  const inject = fault ? ['-e', `inject=${fault.call}:error=${fault.error}:when=${fault.when}`] : [];
  const tracing = ['-f', '-y', '-s', '0', '-o', trace, '-e', `trace=${CALLS.join()}`, ...inject, ...ours.flatMap((path) => ['-P', path])];
  // strace counts the calls of each thread for itself: one thread makes all that the event loop does not.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const { status, stdout, stderr } = spawnSync('strace', [...tracing, ...NODE, program, ...args], { encoding: 'utf8', env });
  const calls = existsSync(trace) ? readFileSync(trace, 'utf8').split('\n') : [];
  rmSync(folder, { recursive: true });
  return {
    code: status,
    lines: stdout.split('\n').filter(Boolean),
    errors: stderr,
    trace: calls.filter((line) => line.includes('(')),
    met: calls.some((line) => line.includes('(INJECTED)')),
  };
}

/** The library that writes a part: SHORT_AT is the number of the write on files below SHORT_BELOW, after which SHORT_FULL writes find a full disk. */
const SHORT_WRITES = fileURLToPath(new URL('./short-writes.fixture.c', import.meta.url));

/** Compiles the library into a folder, and answers its path. */
export function makeShortWrites(folder: string): string {
  const library = join(folder, 'short-writes.so');
  const { status, stderr } = spawnSync(compiler ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, SHORT_WRITES, '-ldl'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return library;
}

/** The number of the write that writes half of its bytes, and how many writes after it find no room. */
export interface ShortWrite {
  nth: number;
  full: number;
}

/** Runs a program of whose writes to its file one writes a part. */
export function runShort({ program, args, file }: OnBadDisk, library: string, { nth, full }: ShortWrite): Ran {
  const mark = `${library}.met`;
  rmSync(mark, { force: true });
  const short = { LD_PRELOAD: library, SHORT_BELOW: file, SHORT_AT: String(nth), SHORT_FULL: String(full), SHORT_MARK: mark };
  const [node = '', ...options] = NODE;
  const { status, stdout, stderr } = spawnSync(node, [...options, program, ...args], { encoding: 'utf8', env: { ...process.env, ...short } });
  return { code: status, lines: stdout.split('\n').filter(Boolean), errors: stderr, trace: [], met: existsSync(mark) };
}

/** Every fault that a run of this trace can meet, in random order. */
export function faultsOf({ trace }: Ran): Fault[] {
  const counts = new Map(CALLS.map((call) => [call, 0]));
  for (const line of trace) {
    const call = /^\d+ +(\w+)\(/.exec(line)?.[1] ?? '';
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  const faults = [...counts].flatMap(([call, count]) =>
    Array.from({ length: count }, (_, index) =>
      DISK_ERRORS.flatMap((error) => [index + 1, `${index + 1}+`].map((when) => ({ call, error, when: String(when) }))),
    ),
  );
  return shuffled(faults.flat());
}

/** Cases that are tried in any time: on a slow machine a run takes seconds. */
const AT_LEAST = 6;

/** Tries one case after another: all of them, or as many as fit into some seconds. */
export async function tryEach<T>(cases: readonly T[], seconds: number, attempt: (one: T) => Promise<void>): Promise<void> {
  const until = ALL_FAULTS ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1_000;
  for (const [index, one] of cases.entries()) {
    if (index >= AT_LEAST && performance.now() > until) return;
    await attempt(one);
  }
}

/** Writes that every program makes at least. */
const SOME_WRITES = 30;

/**
 * Tries writes that write a part, without a full disk after it, with one for a write, and with one from then on: each write until a run meets none, or
 * as many as fit into some seconds. `attempt` resolves to true where it was met.
 */
export async function tryShortWrites(seconds: number, attempt: (one: ShortWrite) => Promise<boolean>): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  const someNumber = () => 1 + Math.floor(Math.random() * SOME_WRITES);
  for (let tried = 1; ALL_FAULTS || performance.now() < until; tried++) {
    const nth = ALL_FAULTS ? tried : someNumber();
    for (const full of [0, 1, 1_000]) if (!(await attempt({ nth, full }))) return;
  }
}

/** What must hold of every run, whatever the disk refused: no word of damage, no stack, code 0 or 1, no mistake. */
export function endedWell(name: string, { errors, code, lines }: Ran): void {
  expect({ name, errors }).not.toMatchObject({ errors: expect.stringMatching(/damaged|\n +at /) });
  expect({ name, code, errors }).toMatchObject({ code: expect.toBeOneOf([0, 1]) });
  expect({ name, wrong: lines.filter((line) => line.startsWith('wrong')) }).toEqual({ name, wrong: [] });
}

export function nameOf({ call, error, when }: Fault): string {
  return `${call}:${error}:${when}`;
}

/** The number, among all such calls, of the one that `nth` picks from those on a file whose path ends so. */
export function numberOf(call: string, { trace }: Ran, end: string, nth: (onFile: number[]) => number | undefined): string {
  const calls = trace.filter((line) => line.includes(` ${call}(`));
  return String(nth(calls.flatMap((line, index) => (line.includes(`${end}>`) ? [index + 1] : []))));
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((one) => [Math.random(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
