/** The time from a command to a socket, at 30 % of the highest rate of commands, against the times of its hops alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { exampleEvent } from '../contracts/catalog.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { UNLIMITED } from '../system/unlimited.fixture.ts';
import { startServer } from './live-process.ts';
import { type LoadResult, runLoad } from './load.ts';
import type { Row } from './measure.ts';
import { type StartedProcess, startProcess } from './process.ts';

/** Share of the highest rate of commands at which times are taken. */
const SHARE = 0.3;
const SECONDS = 4;
const ROUNDS = 3;

/** Times in milliseconds. */
export interface Times {
  p50: number;
  p99: number;
}

/** The median and the 99th percentile. */
export function timesOf(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Calls `act` `perSecond` times a second for SECONDS seconds, whether or not earlier calls have ended; answers the outcomes of all. */
async function paced<T>(perSecond: number, act: (n: number) => Promise<T>): Promise<T[]> {
  const began = performance.now();
  const all: Promise<T>[] = [];
  for (let n = 0; n < perSecond * SECONDS; n++) {
    const wait = began + (n / perSecond) * 1_000 - performance.now();
    if (wait > 1) await delay(wait);
    all.push(act(n));
  }
  return Promise.all(all);
}

/** Makes a watch on a socket: the milliseconds until a change with a sent text in it comes back. */
function awaited(socket: Socket, textOf: (change: { data: Record<string, string> }) => string | undefined) {
  const waiting = new Map<string, (ms: number) => void>();
  socket.on('change', (change) => {
    const text = textOf(change) ?? '';
    waiting.get(text)?.(performance.now());
    waiting.delete(text);
  });
  return (text: string, send: () => unknown) =>
    new Promise<number>((resolve, reject) => {
      const sent = performance.now();
      waiting.set(text, (now) => resolve(now - sent));
      Promise.resolve(send()).catch(reject);
    });
}

async function follow(port: number, token: string): Promise<Socket> {
  const socket = io(`http://127.0.0.1:${port}`, { auth: { token }, forceNew: true, transports: ['websocket'] });
  await socket.emitWithAck('subscribe', { topics: ['tasks'] });
  return socket;
}

/** The rows of the median and the 99th percentile, in milliseconds, the best of the rounds. */
export async function commandToSocket(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-command-'));
  const env = { ...UNLIMITED, DATA_DIR: dir, PORT: '0', ADMIN_EMAIL: 'admin@example.org', ADMIN_PASSWORD: 'admin-password', LOG_LEVEL: 'silent' };
  const whole = await startProcess([fileURLToPath(new URL('../main.ts', import.meta.url))], env);
  const bare = await startServer('bare');
  try {
    const token = await login(whole);
    const most = await mostCommands(whole, token);
    const rate = Math.round(most.perSecond * SHARE);
    const rounds: { ours: Times; hops: Times }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [appended, said] = [await appendTimes(rate), await saidTimes(bare.port, rate)];
      const hops = { p50: appended.p50 + said.p50, p99: appended.p99 + said.p99 };
      rounds.push({ hops, ours: await commandTimes(whole.port, token, rate) });
    }
    return (['p50', 'p99'] as const).map((p): Row => {
      const [ours, hops] = [Math.min(...rounds.map((one) => one.ours[p])), Math.min(...rounds.map((one) => one.hops[p]))];
      const what = `command → socket, ${rate} commands/s, ${p}`;
      return { what, ours, bare: hops, ratio: ours / hops, spread: 'best of each', target: p === 'p50' ? 2 : 3, unit: 'ms' };
    });
  } finally {
    await whole.stop();
    bare.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function login({ port }: StartedProcess): Promise<string> {
  const body = JSON.stringify({ email: 'admin@example.org', password: 'admin-password' });
  const response = await fetch(`http://127.0.0.1:${port}/api/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  return ((await response.json()) as { accessToken: string }).accessToken;
}

const headersOf = (token: string) => ({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' });
const task = (title: string) => JSON.stringify({ title, description: 'The one beside the lift flickers.', labels: ['electrics'] });

function mostCommands({ port }: StartedProcess, token: string): Promise<LoadResult> {
  const headers = { ...headersOf(token), 'Idempotency-Key': '{{uuid}}' };
  return runLoad({
    port,
    connections: 32,
    seconds: 3,
    request: { method: 'POST', path: '/api/tasks', headers, body: task('Replace the lamp in the hall') },
  });
}

/** Times from sending a command to hearing of it on a socket. */
async function commandTimes(port: number, token: string, rate: number): Promise<Times> {
  const socket = await follow(port, token);
  const hear = awaited(socket, ({ data }) => data.title);
  const mark = crypto.randomUUID();
  async function command(title: string): Promise<void> {
    const headers = { ...headersOf(token), 'Idempotency-Key': crypto.randomUUID() };
    const answer = await fetch(`http://127.0.0.1:${port}/api/tasks`, { method: 'POST', headers, body: task(title) });
    if (!answer.ok) throw new Error(`a command was answered ${answer.status}`);
    await answer.arrayBuffer();
  }
  const times = await paced(rate, (n) => hear(`${mark} ${n}`, () => command(`${mark} ${n}`)));
  socket.disconnect();
  return timesOf(times);
}

/** Times from sending a message on a socket to hearing it in a room, through a bare Socket.IO. */
export async function saidTimes(port: number, rate: number): Promise<Times> {
  const socket = await follow(port, 'none');
  const hear = awaited(socket, ({ data }) => data.title);
  const times = await paced(rate, (n) => hear(`${n}`, () => socket.emit('say', { title: `${n}`, description: 'The one beside the lift flickers.' })));
  socket.disconnect();
  return timesOf(times);
}

/** Times of appending one event through the port. */
async function appendTimes(rate: number): Promise<Times> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-append-'));
  const store = await openEventStore('sqlite:', { dataDir, log: { error: () => {} } });
  const example = exampleEvent('TaskCreated');
  const times = await paced(rate, async () => {
    const began = performance.now();
    await store.append(`task-${crypto.randomUUID()}`, -1, [{ ...example, id: crypto.randomUUID() }]);
    return performance.now() - began;
  });
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
  return timesOf(times);
}
