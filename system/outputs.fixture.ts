/** Processes whose standard error and standard output are what a test gives them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** A folder that goes with the test. */
export function folderOfTest(): string {
  const path = mkdtempSync(join(tmpdir(), 'outputs-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A pipe that the test may read, or not: `write` is for the process, `read` ours. */
export function openPipe(): { read: number; write: number; readAll(): string; leave(): void } {
  const path = join(folderOfTest(), 'pipe');
  execFileSync('mkfifo', [path]);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY);
  let open = true;
  const leave = () => {
    if (open) closeSync(read);
    open = false;
  };
  onTestFinished(leave);
  return {
    read,
    write,
    leave,
    readAll: () => {
      const buffer = Buffer.alloc(64 * 1024);
      let all = '';
      try {
        for (let size = readSync(read, buffer); size > 0; size = readSync(read, buffer)) all += buffer.toString('latin1', 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      return all;
    },
  };
}

/** A descriptor on which every write fails with ENOSPC. */
export const fullOutput = () => {
  const fd = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(fd));
  return fd;
};

type Output = number | 'pipe';

export interface RunWithOutputs {
  child: ChildProcess;
  stdout: Promise<string>;
  stderr: Promise<string>;
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Runs `node main.ts …args` with these outputs; `pipe` is read. */
export function runWithOutputs(
  { stdout = 'pipe', stderr = 'pipe' }: { stdout?: Output; stderr?: Output },
  args: string[],
  env: Record<string, string>,
): RunWithOutputs {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, NODE_ENV: 'test', ...env }, stdio: ['ignore', stdout, stderr] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child,
    stdout: child.stdout ? textOf(child.stdout) : Promise.resolve(''),
    stderr: child.stderr ? textOf(child.stderr) : Promise.resolve(''),
    ended: new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code))),
  };
}
