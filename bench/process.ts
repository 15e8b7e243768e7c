/** Starts a process of ours and waits until it prints its address. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { computedBy } from '../media/children/lateness.ts';

export interface StartedProcess {
  port: number;
  /** Milliseconds from the start of the process to the line with its address. */
  milliseconds: number;
  /** Resident memory in bytes, once nothing more happens. */
  rss(): number;
  /** The most resident memory in bytes that it ever had. */
  peak(): number;
  /** Milliseconds of computing so far, in steps of ten. */
  computed(): number;
  stop(): Promise<void>;
}

/** Runs a TypeScript file on this Node; resolves when it has printed its address. */
export async function startProcess(args: string[], env: Record<string, string> = {}): Promise<StartedProcess> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /http:\/\/[^\s:]+:(\d+)/.exec(text);
      if (found) resolve(Number(found[1]));
    });
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}: ${text}`)));
  });
  return {
    port,
    milliseconds: performance.now() - started,
    rss: () => memoryOf(child.pid, 'VmRSS'),
    peak: () => memoryOf(child.pid, 'VmHWM'),
    computed: () => computedBy(child.pid) ?? 0,
    stop: async () => {
      child.removeAllListeners('exit');
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function memoryOf(pid: number | undefined, line: string): number {
  return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
