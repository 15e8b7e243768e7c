/** A real server in processes of its own: started, stopped, killed, started again on the same port and folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that runs, or that can run again. Everything it has listens on 127.0.0.1 only. */
export interface Server {
  readonly name: string;
  /** What a client connects to. The same after `restart`. */
  readonly url: string;
  readonly port: number;
  /** Its data, and `log`, what it said. */
  readonly folder: string;
  /** The process; null while it does not run. */
  pid(): number | null;
  /** Ends it as an operator does (SIGTERM; after 15 s SIGKILL). Its folder stays. */
  stop(): Promise<void>;
  /** SIGKILL to every process of it; returns when they are gone. Its folder stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder (stops it first where it runs); returns when it answers. */
  restart(): Promise<void>;
  /** The end: stops it, or, where `start…` made its folder, kills it and deletes the folder. */
  close(): Promise<void>;
}

/** Where to start a server; by default any free port, and a new folder that `close` deletes. */
export interface ServerOptions {
  folder?: string;
  port?: number;
}

/** What to run. */
export interface Program {
  name: string;
  url: string;
  port: number;
  folder: string;
  /** Whether `folder` goes with the server. */
  temporary: boolean;
  command: string[];
  env?: Record<string, string>;
  /** Throws or rejects while it does not answer yet. */
  answers(): Promise<unknown>;
}

const START_MS = 60_000;
const STOP_MS = 15_000;

// The shell becomes the server (exec), so that the server's pid is its group's. What it leaves in the background waits for the end of the pipe from us,
// which means that our process is dead: then the server goes, its folder ($0) where that is temporary, and whatever else is in the group.
// The group is held as long as that waits, so no number here can mean another's process.
const WATCHED = `
(read -r _ <&3; kill -KILL $$; [ -z "$0" ] || { sleep 0.1; rm -rf -- "$0"; }; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" 3<&-`;

/** The folder of a server: the given one, or a new one. */
export async function folderFor(name: string, folder: string | undefined): Promise<{ folder: string; temporary: boolean }> {
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    return { folder, temporary: false };
  }
  return { folder: await mkdtemp(join(tmpdir(), `${name}-`)), temporary: true };
}

/** Starts a program and waits until it answers. Error: it ended or did not answer in 60 s (with the end of its log). */
export async function startServer(program: Program): Promise<Server> {
  const { name, url, port, folder } = program;
  let child: ChildProcess | null = null;

  const start = async () => {
    const started = spawnWatched(program);
    child = started;
    try {
      await untilAnswers(program, started);
    } catch (error) {
      await end('SIGKILL');
      throw error;
    }
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (!child) return;
    const ended = child;
    child = null;
    await endWatched(program, ended, signal);
  };
  const close = async () => {
    await end(program.temporary ? 'SIGKILL' : 'SIGTERM');
    if (program.temporary) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };

  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    name,
    url,
    port,
    folder,
    pid: () => (child && child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      await start();
    },
    close,
  };
}

function spawnWatched({ command, env = {}, folder, temporary }: Program): ChildProcess {
  const log = openSync(join(folder, 'log'), 'a');
  try {
    return spawn('/bin/sh', ['-c', WATCHED, temporary ? folder : '', ...command], {
      cwd: folder,
      detached: true,
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env },
      stdio: ['ignore', log, log, 'pipe', 'pipe'],
    });
  } finally {
    closeSync(log);
  }
}

/** Ends the server, then what else is left of its group; returns when all of it is gone. */
async function endWatched({ name }: Program, child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = child.pid;
  if (pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    const late = setTimeout(() => signalTo(-pid, 'SIGKILL'), STOP_MS);
    // To the server alone: in a group everybody would get it, and what watches would be gone.
    signalTo(signal === 'SIGKILL' ? -pid : pid, signal);
    // One that is paused gets it when it goes on.
    signalTo(pid, 'SIGCONT');
    await exited;
    clearTimeout(late);
  }
  // Also what waits for our end, before it takes the end of the pipe for that.
  signalTo(-pid, 'SIGKILL');
  child.stdio[3]?.destroy();
  // All of the group inherited this pipe: it closes with the last of them. (Asking for the group's pid would also find the dead that nobody has buried.)
  const all = child.stdio[4] as Readable | null | undefined;
  if (!all || all.closed) return;
  all.resume();
  await once(all, 'close', { signal: AbortSignal.timeout(STOP_MS) }).catch(() => Promise.reject(new Error(`${name} left a process behind`)));
}

/** To a process, or with a minus to a group, where there is one. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Nobody is left.
  }
}

async function untilAnswers({ name, folder, answers }: Program, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  let last = '';
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    try {
      await answers();
      return;
    } catch (error) {
      last = (error as Error).message;
    }
    await sleep(20);
  }
  throw new Error(`${name} does not start (${last}); the end of its log:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2_000)}`);
}
