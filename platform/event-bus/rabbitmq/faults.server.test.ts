/** Faults of the broker itself: each of these tests has a broker of its own. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { describeWith, type RabbitMq, rabbitMq, startRabbitMq } from '../../../servers/for-tests.fixture.ts';
import { ServerRefused } from '../../connections/reach.ts';
import { BusUnavailable, type EventBus } from '../event-bus.ts';
import { openEventBus } from '../open.ts';
import { EVERYTHING, EXAMPLE_QUEUES, TASK_EVENTS, OFFERS as WORK } from '../queues.fixture.ts';
import type { WorkQueue } from '../queues.ts';
import { listening, numbered, positions, until } from './rabbitmq.fixture.ts';
import { openRabbitMqBus } from './rabbitmq.ts';

const log = { info: () => {}, warn: () => {} };
const KEPT: WorkQueue = { ...WORK, name: 'kept' };
const queues = [...EXAMPLE_QUEUES, KEPT];

describeWith(rabbitMq, 'a RabbitMQ that fails', () => {
  let broker: RabbitMq;
  let bus: EventBus;
  let ending: AbortController;

  beforeAll(async () => {
    broker = await startRabbitMq();
  });
  afterAll(() => broker.close());
  beforeEach(async () => {
    ending = new AbortController();
    bus = await openRabbitMqBus(await broker.vhost(), { queues, log, steps: [10], heartbeat: 1 });
  });
  afterEach(async () => {
    ending.abort();
    await bus.close();
  });

  /** Runs work while the broker does nothing, not even close its connections. */
  async function pausing(work: () => Promise<void>): Promise<void> {
    const pid = broker.pid();
    if (pid === null) throw new Error('the broker does not run');
    process.kill(pid, 'SIGSTOP');
    try {
      await until(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/^\d+ \(.*\) T/));
      await work();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  /** Starts followers on queues with and without a name, and a worker. */
  async function everybody() {
    const [named, nameless] = [listening(bus, EVERYTHING, ending), listening(bus, TASK_EVENTS, ending)];
    const taken: string[] = [];
    void bus.work(WORK, { signal: ending.signal, prefetch: 1 }, async ({ stream }) => void taken.push(stream));
    /** Waits until both followers have begun, more often than `before`; answers how often each has. */
    const following = (before = [0, 0]) =>
      until(() => {
        const times = [named.began.times, nameless.began.times];
        for (const [index, n] of times.entries()) expect(n).toBeGreaterThan(before[index] ?? 0);
        return times;
      });
    return { named, nameless, taken, following, began: await following() };
  }

  async function expectAllGoesOn({ named, nameless, taken, following, began }: Awaited<ReturnType<typeof everybody>>, before = began): Promise<void> {
    await following(before);
    const publisher = await bus.publisher(ending.signal);
    await publisher.publish(numbered(101, 200));
    await until(() => expect(named.heard).toEqual(expect.arrayContaining(positions(101, 200))));
    await until(() => expect(nameless.heard).toEqual(expect.arrayContaining(positions(101, 200))));
    await until(() => bus.offer(WORK, { stream: 'notification-2' }));
    await until(() => expect(taken).toContain('notification-2'));
    await publisher.release();
  }

  it('stopped, killed and started again: what it confirmed it kept, offers fail at once meanwhile, and all goes on', async () => {
    const all = await everybody();
    await bus.offer(KEPT, { stream: 'notification-0' });
    // First a restart in peace: RabbitMQ 3.10 has no record of a queue for half a second after it was declared.
    await broker.restart();
    await until(() => bus.offer(KEPT, { stream: 'notification-1' }));
    const before = await all.following(all.began);
    const publisher = await bus.publisher(ending.signal);
    await publisher.publish(numbered(1, 100));
    await broker.kill();
    await until(() => expect(publisher.lost.aborted).toBe(true));
    await expect(publisher.publish(numbered(101, 101))).rejects.toBeInstanceOf(BusUnavailable);
    await expect(bus.offer(WORK, { stream: 'notification-1' })).rejects.toBeInstanceOf(BusUnavailable);
    await expect(bus.queues()).rejects.toBeInstanceOf(BusUnavailable);
    await broker.restart();
    const found: string[] = [];
    void bus.work(KEPT, { signal: ending.signal, prefetch: 1 }, async ({ stream }) => void found.push(stream));
    await until(() => expect(found).toEqual(['notification-0', 'notification-1']));
    await until(() => expect(all.named.heard).toEqual(expect.arrayContaining(positions(1, 100))));
    await expectAllGoesOn(all, before);
  });

  it('silent: the publisher has lost its hold after two heartbeats, and all goes on when it speaks again', async () => {
    const all = await everybody();
    const publisher = await bus.publisher(ending.signal);
    await pausing(async () => {
      const asked = Array.from({ length: 20 }, () => bus.queues());
      for (const one of asked) await expect(one).rejects.toBeInstanceOf(BusUnavailable);
      await expect(bus.offer(WORK, { stream: 'notification-1' })).rejects.toBeInstanceOf(BusUnavailable);
      await until(() => expect(publisher.lost.aborted).toBe(true));
    });
    await expectAllGoesOn(all);
  });

  it('killed, and all that it kept deleted: all is declared anew', async () => {
    const waits = new Set<string>();
    const warn = vi.fn();
    const inDefault = await openRabbitMqBus(broker.url, { queues, log: { info: () => {}, warn }, steps: [10], heartbeat: 1, waits });
    await bus.close();
    bus = inDefault;
    const all = await everybody();
    await broker.kill();
    await until(() => expect([...waits]).toEqual([`the event bus at amqp://127.0.0.1:${broker.port}`]));
    await broker.wipe();
    await expectAllGoesOn(all);
    expect([...waits]).toEqual([]);
    // There is no warning for every attempt of every connection.
    expect(warn.mock.calls.length).toBeLessThan(30);
  });
});

describeWith(rabbitMq, 'opening the bus on RabbitMQ', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Starts a server that does this with each connection; answers its URL. */
  async function serverThat(does: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      does(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `amqp://guest:guest@127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const refusal = async (url: string) => {
    const error: Error = await openEventBus(url, { queues, log }).then(
      () => expect.fail('it opened'),
      (failure) => failure,
    );
    expect(error).toBeInstanceOf(ServerRefused);
    expect(error.message).not.toMatch(/guest|\n/);
    return error.message;
  };

  it('is refused in one line: credentials, virtual host, no AMQP, no TLS', async () => {
    const url = new URL(await rabbitMq.url());
    const at = (change: (url: URL) => void) => {
      const changed = new URL(url);
      change(changed);
      return changed.href;
    };
    expect(await refusal(at((it) => (it.password = 'wrong')))).toMatch(/refuses the user and password of BUS_URL$/);
    expect(await refusal(at((it) => (it.pathname = '/nowhere')))).toMatch(/refuses the virtual host "nowhere"/);
    expect(await refusal(url.href.replace('amqp:', 'amqps:'))).toMatch(/is not reached over TLS/);
    expect(await refusal(await serverThat((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))).toMatch(/does not speak AMQP/);
  });

  it('is refused by a RabbitMQ that is too old', async () => {
    const { port } = new URL(await rabbitMq.url());
    const older = await serverThat((socket) => {
      const onward = createConnection(Number(port), '127.0.0.1');
      socket.pipe(onward);
      // The version in the broker's greeting is replaced by one of the same length.
      onward.on('data', (data) =>
        socket.write(
          data
            .toString('latin1')
            .replace(/(versionS...)(.)(\d+(?:\.\d+)+)/s, (_, name, length, version) => name + length + '3.9.'.padEnd(version.length, '0')),
          'latin1',
        ),
      );
      onward.on('error', () => {});
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
    });
    expect(await refusal(older)).toMatch(/is RabbitMQ 3\.9\.0+; it must be 3\.10 or newer$/);
  });

  it('waits for a server that does not answer yet, tells so once, and gives up with its signal', async () => {
    const warn = vi.fn();
    const waits = new Set<string>();
    const giveUp = new AbortController();
    const closing = await serverThat((socket) => socket.destroy());
    const opening = openEventBus(closing, { queues, log: { ...log, warn }, waits, signal: giveUp.signal });
    const given = expect(opening).rejects.toThrow();
    await until(() => expect([...waits][0]).toMatch(/^the event bus at amqp:\/\/127\.0\.0\.1:\d+$/));
    giveUp.abort();
    await given;
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
