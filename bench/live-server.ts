/**
 * The server of bench/live.ts, a process of its own: live updates over the embedded store and bus, or, with `bare`, a Socket.IO that joins rooms
 * and emits.
 * Its parent sends it an Ask, and it replies with an Answer.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Server } from 'socket.io';
import { QUEUES } from '../app/queues.ts';
import { exampleEvent } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { changeOf } from '../realtime/change.ts';
import { startRealtime } from '../realtime/push.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';

/** A request to send `events`, one every so many milliseconds; with none, only for the figures. */
export interface Ask {
  events: number;
  every: number;
}

/** The figures of the process so far. */
export interface Answer {
  /** Milliseconds of CPU used. */
  cpu: number;
  /** Bytes of resident memory, after collecting garbage. */
  rss: number;
}

const template = exampleEvent('TaskCommented');
const example = { ...template, metadata: { ...template.metadata, topics: ['tasks'] } };

/** Each call sends the next event to everybody in the topic. */
type Send = () => Promise<unknown>;

function bareServer(server: HttpServer): Send {
  const io = new Server(server, { perMessageDeflate: false });
  const change = changeOf({ ...example, position: '00000000000000000001' } as RecordedEvent, 'tasks', '00000000000000000000');
  io.on('connection', (socket) => {
    socket.on('subscribe', (_, acknowledge) => {
      void socket.join('tasks');
      acknowledge({});
    });
    // A message goes in, and out to the room: live-latency.ts takes the time of that.
    socket.on('say', (data) => void io.to('tasks').emit('change', { ...change, data }));
  });
  return async () => void io.to('tasks').emit('change', change);
}

async function ourServer(server: HttpServer): Promise<Send> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-live-'));
  process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const store = await openEventStore('sqlite:', { dataDir, log });
  const bus = await openEventBus('memory:', { queues: QUEUES, log });
  startForwarder({ store, bus, log });
  const caller = { id: 'bench', role: 'member', seesAll: true, sessionId: 'bench', expiresAt: Date.now() + 3_600_000 } as const;
  const parts = { authenticate: async () => caller, expectUnbound: async () => {}, mayRead: async () => true, seesAll: () => true, origins: [] };
  // All of the bench's browsers are one user, in one network.
  const limits = { socketsOfNetwork: 1_000_000, socketsOfUser: 1_000_000 };
  await startRealtime({ server, store, bus, log, limits, ...parts });
  return () => store.append(`task-${crypto.randomUUID()}`, -1, [{ ...example, id: crypto.randomUUID() }]);
}

async function answer(send: Send, { events, every }: Ask): Promise<Answer> {
  for (let n = 0; n < events; n++) {
    await send();
    await delay(every);
  }
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1_000, rss: process.memoryUsage.rss() };
}

const server = createServer((_, response) => response.end());
const send = process.argv.includes('bare') ? bareServer(server) : await ourServer(server);
process.on('message', (ask: Ask) => void answer(send, ask).then((one) => process.send?.(one)));
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () => process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
