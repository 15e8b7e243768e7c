/** A real HTTP server with live updates, over a log that the test appends to. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket as TcpSocket } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { expect, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { TaskParties } from '../contracts/task.ts';
import { StoreUnavailable } from '../platform/event-store/event-store.ts';
import type { Audited } from '../platform/http/audited.ts';
import { stableId } from '../platform/stable-id.ts';
import type { SocketSession } from '../realtime/connection.ts';
import type { FanOut } from '../realtime/fan-out/fan-out.ts';
import { type Realtime, type RealtimeLimits, startRealtime } from '../realtime/push.ts';
import { topicReader } from '../realtime/topics.ts';
import { openLog } from './open-log.fixture.ts';

export const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
export const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
export const TASK = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';

/** The fields of an event that differ from the example of its type. */
export interface Differing {
  id?: string;
  data?: object;
  topics?: string[];
}

export interface Rig {
  url: string;
  realtime(): Realtime;
  /** The sessions of good tokens, by token. */
  sessions: Map<string, SocketSession>;
  /** The tasks by stream, as the write side would load them. */
  tasks: Map<string, TaskParties>;
  append(type: string, differing?: Differing): Promise<RecordedEvent>;
  /** Appends `n` comments on TASK, in the topics `tasks` and `task:…`. */
  comments(n: number, data?: object): Promise<RecordedEvent[]>;
  /** Resolves once every appended event was pushed. */
  pushed(): Promise<void>;
  warnings: string[];
  /** Connects a plain Socket.IO client; default: with Alice's token. */
  connect(token?: unknown, options?: object): Socket;
  /** Cuts every TCP connection, as a network would. */
  cut(): void;
  /** Stops and starts live updates and their HTTP server, on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RigOptions {
  ring?: number;
  limits?: Partial<RealtimeLimits>;
  fanOut?: FanOut;
  polling?: boolean;
  trustProxy?: boolean;
  endedAmong?(sessionIds: readonly string[]): Promise<string[]>;
  audit?(seen: Audited): void;
  /** Rejects where the account of a session is bound by now; default: none is. */
  expectUnbound?(session: SocketSession): Promise<void>;
  /** True while the event store is away for all who ask for a session or a task. */
  away?(): boolean;
}

/** Starts live updates. Alice's token is `alice` (a member who sees all), Bob's is `bob` (sees only his own). */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const log = await openLog();
  const { store, bus } = log;
  const sessions = new Map([
    ['alice', session(ALICE, { seesAll: true })],
    ['bob', session(BOB, { seesAll: false })],
  ]);
  const tasks = new Map<string, TaskParties>();
  const warnings: string[] = [];
  const clients: Socket[] = [];
  const wires = new Set<TcpSocket>();
  const revisions = new Map<string, number>();
  let appended = 0;

  function unlessAway(): void {
    if (options.away?.()) throw new StoreUnavailable('connection refused');
  }

  async function open(port: number) {
    const server = createServer((_, response) => response.end());
    server.on('connection', (socket) => wires.add(socket.once('close', () => wires.delete(socket))));
    const realtime = await startRealtime({
      server,
      store,
      bus,
      authenticate: async (token) => {
        unlessAway();
        const found = sessions.get(token);
        if (!found) throw new ProblemError('unauthorized', 'Log in first.');
        return found;
      },
      expectUnbound: async () => {},
      mayRead: topicReader({
        load: async <State>(stream: string) => {
          unlessAway();
          return { state: (tasks.get(stream) ?? {}) as State, revision: tasks.has(stream) ? 0 : NO_STREAM };
        },
      }),
      seesAll: (role) => role === 'admin',
      origins: ['https://board.example.org'],
      log: { info: () => undefined, warn: (_, message) => void warnings.push(message), error: (_, message) => void warnings.push(message) },
      ...options,
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return { server, realtime, port: (server.address() as AddressInfo).port };
  }

  async function shut(): Promise<void> {
    await running.realtime.stop();
    running.server.closeAllConnections();
    await new Promise((resolve) => running.server.close(resolve));
  }

  let running = await open(0);
  const url = `http://127.0.0.1:${running.port}`;

  async function append(type: string, { id = TASK, data, topics = ['tasks', `task:${TASK}`] }: Differing = {}): Promise<RecordedEvent> {
    const example = exampleEvent(type);
    const stream = `${example.stream.split('-')[0]}-${id}`;
    const expected = revisions.get(stream) ?? NO_STREAM;
    revisions.set(stream, expected + 1);
    const event = {
      id: stableId('rig', String(++appended)),
      type,
      data: { ...(example.data as object), ...data },
      metadata: { ...example.metadata, topics },
    };
    return { ...event, stream, time: '', ...(await store.append(stream, expected, [event])) };
  }

  return {
    url,
    realtime: () => running.realtime,
    sessions,
    tasks,
    append,
    async comments(n, data) {
      const events: RecordedEvent[] = [];
      for (let i = 0; i < n; i++) events.push(await append('TaskCommented', data ? { data } : {}));
      return events;
    },
    pushed: () => eventually(async () => expect(running.realtime.position()).toBe(await store.head())),
    warnings,
    connect(token = 'alice', more = {}) {
      const client = io(url, { auth: { token }, forceNew: true, reconnection: false, transports: ['websocket'], ...more });
      clients.push(client);
      return client;
    },
    cut() {
      for (const wire of wires) wire.destroy();
    },
    async restart() {
      await shut();
      running = await open(running.port);
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await shut();
      await log.close();
    },
  };
}

/** Waits until an assertion holds. */
export function eventually(assertion: () => unknown): Promise<void> {
  return vi.waitFor(async () => void (await assertion()), { interval: 5, timeout: 20_000 });
}

/** A session of a member that lasts an hour. */
export function session(id: string, more: Partial<SocketSession> = {}): SocketSession {
  return { id, role: 'member', seesAll: false, sessionId: stableId('session', id), expiresAt: Date.now() + 3_600_000, ...more };
}

/** Resolves to the next message of this name. */
export function next<T>(client: Socket, name: string): Promise<T> {
  return new Promise((resolve) => client.once(name, resolve));
}
