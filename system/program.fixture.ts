/** main.ts as a child process, as a user starts it, seen from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** On a slow machine, with others at work; the first start also builds the pages. */
const START_PATIENCE = 300_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Program {
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves once the process has ended and all of its output is here. */
  ended: Promise<Ended>;
  /** True until then. */
  runs(): boolean;
  /** Resolves to the address in its line `… http://HOST:PORT …`. Rejects with the output where the process ends before. */
  url(): Promise<string>;
  /** Resolves to the part of a line of standard output that matches. Rejects with the output where the process ends before. */
  line(pattern: RegExp): Promise<string>;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Runs `node main.ts …args`, with the given variables alone: this checkout's `.env` is for who works in it, not for tests. */
export function runProgram(args: readonly string[], env: Record<string, string>): Program {
  return runScript(MAIN, args, { NODE_ENV: 'test', ...env });
}

/** Runs another script, with the given variables alone. */
export function runScript(file: string, args: readonly string[], env: Record<string, string>, cwd: string = tmpdir()): Program {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [file, ...args], { cwd, env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    text.stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    });
  });

  function line(pattern: RegExp): Promise<string> {
    const address = () => new RegExp(`${pattern.source}(?=.*\\n)`, 'm').exec(text.stdout)?.[0];
    const outputs = () => `stdout: ${text.stdout}\nstderr: ${text.stderr}`;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no line within ${START_PATIENCE} ms; ${outputs()}`)), START_PATIENCE);
      const look = () => {
        const found = address();
        if (!found) return;
        clearTimeout(late);
        resolve(found);
      };
      child.stdout.on('data', look);
      look();
      void ended.then(({ code, signal }) => {
        clearTimeout(late);
        reject(new Error(`it ended with ${code ?? signal}; ${outputs()}`));
      });
    });
  }

  return {
    pid: child.pid ?? -1,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended,
    runs: () => children.has(child),
    line,
    url: () => line(/http:\/\/\S+:\d+/),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
