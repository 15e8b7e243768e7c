import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { Server as SocketServer } from 'socket.io';
import { io as connect, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeWith, redis, type Server, startRedis } from '../../servers/for-tests.fixture.ts';
import { standStill } from '../../servers/stand-still.fixture.ts';
import type { Ended } from '../consequences.ts';
import type { FanOut, Tie } from './fan-out.ts';
import { openFanOut } from './open.ts';

/** As a realtime process has it. */
interface Process {
  io: SocketServer;
  tie: Tie;
  heard: Ended[];
  client: Socket;
  close(): Promise<void>;
}

const eventually = (assertion: () => unknown) => vi.waitFor(async () => void (await assertion()), { timeout: 20_000, interval: 20 });

describeWith(redis, 'the fan-out on a server', () => {
  let server: Server;
  let processes: Process[];
  let log: string[];
  let unhandled: unknown[];
  const onUnhandled = (error: unknown) => void unhandled.push(error);

  async function start(url = server.url): Promise<Process> {
    const hears = (_: object, message: string) => void log.push(message);
    const fanOut: FanOut = await openFanOut(url, { log: { info: hears, warn: hears } });
    const http: HttpServer = createServer();
    const io = new SocketServer(http);
    const heard: Ended[] = [];
    const tie = fanOut.attach(io, (ended) => void heard.push(ended));
    io.on('connection', (socket) => void socket.join('room'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const client = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
      forceNew: true,
      transports: ['websocket'],
      reconnection: false,
    });
    await new Promise((resolve) => client.once('connect', () => resolve(undefined)));
    const one: Process = {
      io,
      tie,
      heard,
      client,
      async close() {
        client.disconnect();
        await io.close();
        await fanOut.close();
      },
    };
    processes.push(one);
    return one;
  }

  /** Resolves once an operation of each reaches the other. */
  async function tied(a: Process, b: Process): Promise<void> {
    await eventually(async () => {
      expect([await a.io.fetchSockets(), await b.io.fetchSockets()].map(({ length }) => length)).toEqual([2, 2]);
    });
  }

  beforeEach(async () => {
    [processes, log, unhandled] = [[], [], []];
    process.on('unhandledRejection', onUnhandled);
    server = await startRedis();
  });
  afterEach(async () => {
    for (const one of processes) await one.close();
    await server.close();
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  test('operations of one process reach the sockets of the other', async () => {
    const [a, b] = [await start(), await start()];
    await tied(a, b);
    a.io.in('room').disconnectSockets(true);
    await eventually(() => expect([a.client.connected, b.client.connected]).toEqual([false, false]));
  });

  test('what one process tells the other one hears, and not itself', async () => {
    const [a, b] = [await start(), await start()];
    await tied(a, b);
    a.tie.tell({ userId: 'bob', sessionId: 's' });
    b.tie.tell({ userId: 'alice' });
    await eventually(() => expect([a.heard, b.heard]).toEqual([[{ userId: 'alice' }], [{ userId: 'bob', sessionId: 's' }]]));
  });

  test('local emits stay here', async () => {
    const [a, b] = [await start(), await start()];
    await tied(a, b);
    const heard: string[] = [];
    for (const [name, { client }] of Object.entries({ a, b })) client.on('change', (text: string) => void heard.push(`${name} ${text}`));
    a.io.local.to('room').emit('change', 'local');
    // A plain one crosses: it comes after whatever crossed before it.
    a.io.emit('change', 'plain');
    await eventually(() => expect(heard).toContain('b plain'));
    expect(heard.sort()).toEqual(['a local', 'a plain', 'b plain']);
  });

  test('another database of the same Redis is another installation', async () => {
    const [a, b, c] = [await start(), await start(`${server.url}/1`), await start()];
    await tied(a, c);
    a.tie.tell({ userId: 'bob' });
    await eventually(() => expect(c.heard).toHaveLength(1));
    expect(b.heard).toEqual([]);
  });

  test('a Redis that is killed harms no process: local emits go on, and operations cross again when it is back', async () => {
    const [a, b] = [await start(), await start()];
    await tied(a, b);
    const heard: string[] = [];
    for (const { client } of [a, b]) client.on('change', (text: string) => void heard.push(text));
    await server.kill();
    for (const { io, tie } of [a, b]) {
      io.emit('change', 'plain');
      io.in('nobody').disconnectSockets();
      io.in('nobody').socketsJoin('other');
      tie.tell({ userId: 'lost' });
      await io.fetchSockets().catch(() => 'known to fail');
      io.local.to('room').emit('change', 'local');
    }
    await eventually(() => expect(heard.filter((text) => text === 'local')).toHaveLength(2));
    await server.restart();
    await tied(a, b);
    a.tie.tell({ userId: 'bob' });
    await eventually(() => expect(b.heard).toEqual([{ userId: 'bob' }]));
    a.io.in('room').disconnectSockets(true);
    await eventually(() => expect([a.client.connected, b.client.connected]).toEqual([false, false]));
  });

  test('a Redis that hangs is noticed by those who listen, and heard again when it goes on', async () => {
    const [a, b] = [await start(), await start()];
    await tied(a, b);
    standStill(server.pid() ?? 0);
    await eventually(() => expect(log.filter((line) => /cannot be heard/.test(line))).toHaveLength(2));
    process.kill(server.pid() ?? 0, 'SIGCONT');
    await tied(a, b);
  });

  test('processes that start without Redis are tied when it comes', async () => {
    await server.stop();
    const [a, b] = [await start(), await start()];
    a.tie.tell({ userId: 'lost' });
    await server.restart();
    await tied(a, b);
  });

  test('what is not a message of ours is logged, and nothing else', async () => {
    const [a, b] = [await start(), await start()];
    await tied(a, b);
    const stranger = new Redis(server.url);
    const channels = (await stranger.pubsub('CHANNELS', '*')) as string[];
    const request = channels.find((channel) => /request/.test(channel)) ?? '';
    expect(request).toMatch(/^taskledger:0:socket\.io/);
    for (const text of [
      '',
      '{',
      'nonsense',
      '{"type":5}',
      '{"type":4}',
      '{"type":6,"uid":"x","data":["ended",{"userId":7}]}',
      '{"type":6,"uid":"x"}',
    ])
      for (const channel of [request, 'taskledger:0:socket.io#/#', 'taskledger:0:socket.io-response#/#']) await stranger.publish(channel, text);
    await stranger.quit();
    await eventually(() => expect(log.filter((line) => /not understood/.test(line)).length).toBeGreaterThan(4));
    a.tie.tell({ userId: 'bob' });
    await eventually(() => expect(b.heard).toEqual([{ userId: 'bob' }]));
    expect(a.heard).toEqual([]);
  });
});
