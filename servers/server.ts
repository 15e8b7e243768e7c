/** A real server in processes of its own: started, stopped, killed, started again on the same port and folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that runs, or that can run again. It listens on 127.0.0.1 only. */
export interface Server {
  readonly name: string;
  /** The URL for clients, which stays the same after `restart`. */
  readonly url: string;
  readonly port: number;
  /** The folder of the server's data and of `log`, its output. */
  readonly folder: string;
  /** Id of the server's process; null while it does not run. */
  pid(): number | null;
  /** Ends the server as an operator does (SIGTERM; after 15 s SIGKILL). Its folder stays. */
  stop(): Promise<void>;
  /** Sends SIGKILL to every process of the server; resolves when they are gone. Its folder stays. */
  kill(): Promise<void>;
  /** Starts the server again on the same port and folder (stops it first where it runs); resolves when it answers. */
  restart(): Promise<void>;
  /** Stops the server for good; where `start…` made its folder, kills it and deletes the folder. */
  close(): Promise<void>;
}

/** The place of a server; by default any free port, and a new folder that `close` deletes. */
export interface ServerOptions {
  folder?: string;
  port?: number;
}

/** The program of a server, and the way to run it. */
export interface Program {
  name: string;
  url: string;
  port: number;
  folder: string;
  /** True where `folder` is deleted with the server. */
  temporary: boolean;
  command: string[];
  env?: Record<string, string>;
  /** Throws or rejects while the server does not answer yet. */
  answers(): Promise<unknown>;
}

// Of a machine that has other work: a RabbitMQ that is starved has taken more than a minute.
const START_MS = 180_000;
const STOP_MS = 15_000;

// The shell becomes the server (exec), so that the server's pid is its group's. The watcher that it leaves in the background waits for the end of
// the pipe from us, which means that our process is dead: then it kills the server, deletes its folder ($0) where that is temporary, and kills all
// that is left of the group. The group exists as long as the watcher waits, so its number cannot mean another process.
const WATCHED = `
(read -r _ <&3; kill -KILL $$; [ -z "$0" ] || { sleep 0.1; rm -rf -- "$0"; }; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" 3<&-`;

/** Makes the folder of a server: the given one, or a new, temporary one. */
export async function folderFor(name: string, folder: string | undefined): Promise<{ folder: string; temporary: boolean }> {
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    return { folder, temporary: false };
  }
  return { folder: await mkdtemp(join(tmpdir(), `${name}-`)), temporary: true };
}

/** Starts a program and waits until it answers. Error: it ended, or did not answer in three minutes (with the end of its log). */
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

/** Ends the server, then all processes left of its group; resolves when all of them are gone. */
async function endWatched({ name }: Program, child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = child.pid;
  if (pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    const late = setTimeout(() => signalTo(-pid, 'SIGKILL'), STOP_MS);
    // SIGTERM goes to the server alone: as a signal to the group it would also end the watcher.
    signalTo(signal === 'SIGKILL' ? -pid : pid, signal);
    // A server that is paused gets the signal when it goes on.
    signalTo(pid, 'SIGCONT');
    await exited;
    clearTimeout(late);
  }
  // The watcher, too, before it takes the end of the pipe for our end.
  signalTo(-pid, 'SIGKILL');
  child.stdio[3]?.destroy();
  // The whole group inherited this pipe, so it closes with the last process. (Asking for the group's pid would also find dead ones not yet reaped.)
  const all = child.stdio[4] as Readable | null | undefined;
  if (!all || all.closed) return;
  all.resume();
  await once(all, 'close', { signal: AbortSignal.timeout(STOP_MS) }).catch(() => Promise.reject(new Error(`${name} left a process behind`)));
}

/** Sends a signal to a process, or with a negative number to a group, where there is one. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // No such process is left.
  }
}

async function untilAnswers({ name, folder, answers }: Program, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_MS;
  let last = '';
  while (child.exitCode === null && child.signalCode === null && performance.now() < end) {
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
