import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWith, rabbitMq } from '../../../servers/for-tests.fixture.ts';
import { describeEventBus } from '../event-bus.suite.ts';
import { BusUnavailable, type EventBus } from '../event-bus.ts';
import { EVERYTHING, EXAMPLE_QUEUES, NOTIFIED, TASK_EVENTS, OFFERS as WORK } from '../queues.fixture.ts';
import { type FollowerQueue, fanoutOf, type QueueTable, type WorkQueue } from '../queues.ts';
import { connectionsOf, cuttable, deleteQueue, listening, nextOf, numbered, outsider, positions, until } from './rabbitmq.fixture.ts';
import { openRabbitMqBus, type RabbitMqOptions } from './rabbitmq.ts';

const OTHER: WorkQueue = { ...WORK, name: 'others' };
const NAMELESS: FollowerQueue = { ...TASK_EVENTS, activeHold: null };
const QUEUES: QueueTable = [...EXAMPLE_QUEUES, OTHER, NAMELESS];
const quiet = { info: () => {}, warn: () => {} };

describeWith(rabbitMq, 'RabbitMQ', () => {
  describeEventBus('the event bus on RabbitMQ', async (queues) => openRabbitMqBus(await rabbitMq.vhost(), { queues, log: quiet, steps: [10, 20] }));

  describe('beyond what every bus does', () => {
    let url: string;
    let ending: AbortController;
    const buses: EventBus[] = [];
    const proxies: { close(): void }[] = [];

    async function open(more: Partial<RabbitMqOptions> = {}, at = url): Promise<EventBus> {
      const bus = await openRabbitMqBus(at, { queues: QUEUES, log: quiet, steps: [10], ...more });
      buses.push(bus);
      return bus;
    }

    beforeEach(async () => {
      url = await rabbitMq.vhost();
      ending = new AbortController();
    });
    afterEach(async () => {
      ending.abort();
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
      for (const proxy of proxies.splice(0)) proxy.close();
    });

    async function openThroughProxy() {
      const proxy = await cuttable(url);
      const bus = await open({}, proxy.url);
      proxies.push(proxy);
      return { ...proxy, bus };
    }

    const stateOf = async (bus: EventBus, name: string) => (await bus.queues()).find((queue) => queue.name === name);
    const declared = (bus: EventBus, name: string) => until(async () => expect((await stateOf(bus, name))?.consumers).toBeGreaterThan(0));

    async function publish(bus: EventBus, from: number, to: number): Promise<void> {
      const publisher = await bus.publisher(ending.signal);
      await publisher.publish(numbered(from, to));
      await publisher.release();
    }

    describe('a publisher', () => {
      it('keeps the order with many messages in flight', async () => {
        const bus = await open();
        const { heard } = listening(bus, EVERYTHING, ending);
        await declared(bus, 'everything');
        const publisher = await bus.publisher(ending.signal);
        await Promise.all(Array.from({ length: 8 }, (_, n) => publisher.publish(numbered(n * 600 + 1, (n + 1) * 600))));
        await until(() => expect(heard).toHaveLength(4_800));
        expect(heard).toEqual(positions(1, 4_800));
      });

      it('invariant 6: whose connection is closed has lost its hold, and the one that waits takes over', async () => {
        const [one, other] = [await open(), await open()];
        const first = await one.publisher(ending.signal);
        const close = await connectionsOf(url, 'forwarder');
        const waiting = other.publisher(ending.signal);
        await first.publish(numbered(1, 10));
        await close();
        const second = await waiting;
        expect(first.lost.aborted).toBe(true);
        await expect(first.publish(numbered(11, 11))).rejects.toBeInstanceOf(BusUnavailable);
        await second.publish(numbered(11, 11));
      });

      it('tells what was not confirmed when its connection is closed, as not published', async () => {
        const { bus, cut } = await openThroughProxy();
        const publisher = await bus.publisher(ending.signal);
        const refused = expect(publisher.publish(numbered(1, 20))).rejects.toBeInstanceOf(BusUnavailable);
        cut();
        await refused;
      });

      it('goes on where a queue of somebody else is full and refuses', async () => {
        const count = vi.fn();
        const bus = await open({ count });
        const publisher = await bus.publisher(ending.signal);
        await outsider(url, async (channel) => {
          await channel.assertQueue('theirs', { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } });
          await channel.bindQueue('theirs', 'events', '#');
        });
        await publisher.publish(numbered(1, 100));
        await publisher.publish(numbered(101, 200));
        expect(count).toHaveBeenCalledWith('refused', 1);
      });

      it('leaves out what the protocol cannot carry: its followers find a gap', async () => {
        const bus = await open();
        const { heard } = listening(bus, EVERYTHING, ending);
        await declared(bus, 'everything');
        const publisher = await bus.publisher(ending.signal);
        const messages = numbered(1, 3);
        if (messages[1])
          messages[1].event.metadata = { ...messages[1].event.metadata, topics: Array.from({ length: 10_000 }, (_, n) => `topic:${n}`) };
        await publisher.publish(messages);
        await until(() => expect(heard).toEqual([...positions(1, 1), ...positions(3, 3)]));
      });
    });

    describe('a follower', () => {
      it.each([EVERYTHING, TASK_EVENTS])(
        'of $exchange ($name) whose connection is closed follows again, and misses nothing that its queue kept',
        async (queue) => {
          const bus = await open();
          const { heard, began } = listening(bus, queue, ending);
          await until(() => expect(began.times).toBe(1));
          const close = await connectionsOf(url, 'follower');
          await publish(bus, 1, 20);
          await until(() => expect(heard).toEqual(positions(1, 20)));
          await close();
          await until(() => expect(began.times).toBe(2));
          await publish(bus, 21, 40);
          await until(() => expect(heard).toEqual(expect.arrayContaining(positions(1, 40))));
        },
      );

      it('invariant 8: that waits takes over from one whose connection is closed', async () => {
        const [{ bus: one, cut, close }, other] = [await openThroughProxy(), await open()];
        const first = listening(one, EVERYTHING, ending);
        await until(() => expect(first.began.times).toBe(1));
        const second = listening(other, EVERYTHING, ending);
        await publish(other, 1, 3);
        await until(() => expect(first.heard).toEqual(positions(1, 3)));
        close();
        cut();
        await until(() => expect(second.began.times).toBe(1));
        await publish(other, 4, 6);
        await until(() => expect(second.heard).toEqual(expect.arrayContaining(positions(4, 6))));
        expect(first.heard).toEqual(positions(1, 3));
      });

      it('whose queue is deleted declares it anew and follows again', async () => {
        const bus = await open();
        const { heard, began } = listening(bus, EVERYTHING, ending);
        await until(() => expect(began.times).toBe(1));
        await deleteQueue(url, 'everything');
        await until(() => expect(began.times).toBe(2));
        await publish(bus, 1, 5);
        await until(() => expect(heard).toEqual(positions(1, 5)));
      });

      it('acknowledges nothing on another channel than the one that delivered: what it had comes again', async () => {
        const [{ bus: cutOff, cut }, bus] = [await openThroughProxy(), await open()];
        const before = cutOff.follow(EVERYTHING, { signal: ending.signal, max: 3 })[Symbol.asyncIterator]();
        await before.next();
        await publish(bus, 1, 6);
        await until(async () => expect((await stateOf(bus, 'everything'))?.depth).toBe(0));
        expect((await before.next()).value.length).toBeGreaterThan(0);
        // An acknowledgement, if there were one, would be there by the time that others were answered.
        expect(await stateOf(cutOff, 'everything')).toMatchObject({ depth: 0 });
        cut();
        const { heard, began } = listening(bus, EVERYTHING, ending);
        await until(() => expect(began.times).toBe(1));
        // Asking for the next batch would acknowledge this one, if there were still a channel.
        expect(await before.next()).toEqual({ done: true, value: undefined });
        await until(() => expect(heard).toEqual(positions(1, 6)));
      });

      it('leaves out what is not ours or not valid, tells it once, and goes on', async () => {
        const log = { info: () => {}, warn: vi.fn() };
        const count = vi.fn();
        const bus = await open({ log, count });
        const { heard, began } = listening(bus, EVERYTHING, ending);
        await until(() => expect(began.times).toBe(1));
        await publish(bus, 1, 2);
        await outsider(url, async (channel) => {
          channel.publish('events', 'task.task_created', Buffer.from('garbage'), { messageId: 'one' });
          channel.publish('events', 'x', Buffer.alloc(0), { headers: { cloudEvents_specversion: '1.0' }, messageId: 'two' });
          channel.sendToQueue('everything', Buffer.from('{}'), { contentType: 'application/json', messageId: 'three' });
        });
        await publish(bus, 3, 4);
        await until(() => expect(heard).toEqual(positions(1, 4)));
        await until(() => expect(count.mock.calls.filter(([what]) => what === 'invalid')).toHaveLength(3));
        expect(log.warn.mock.calls.map(([about]) => about.messageId)).toEqual(['one', 'two', 'three']);
        ending.abort();
        await until(async () => expect(await stateOf(bus, 'everything')).toMatchObject({ depth: 0, consumers: 0 }));
      });

      it('whose queue is there with other arguments is told which, and what to do', async () => {
        await outsider(url, (channel) => channel.assertQueue('everything', { durable: true }));
        const bus = await open();
        const first = bus.follow(EVERYTHING, { signal: ending.signal, max: 1 })[Symbol.asyncIterator]().next();
        await expect(first).rejects.toThrow(/the queue everything with other arguments \(inequivalent arg .*\); delete it there/);
        await deleteQueue(url, 'everything');
        const { began } = listening(bus, EVERYTHING, ending);
        await until(() => expect(began.times).toBe(1));
      });
    });

    describe('a work queue', () => {
      const work = (bus: EventBus, handle: (stream: string) => Promise<void>) =>
        bus.work(WORK, { signal: ending.signal, prefetch: 1 }, ({ stream }) => handle(stream));

      it('keeps what failed for good, with the reason and where it died', async () => {
        const bus = await open();
        void work(bus, () => Promise.reject(new Error('no such address')));
        await bus.offer(WORK, { stream: 'notification-1' });
        const { content, properties } = await nextOf(url, 'tests.dead');
        expect(JSON.parse(content.toString())).toEqual({ stream: 'notification-1' });
        expect(properties.headers).toMatchObject({
          reason: 'no such address',
          attempts: 3,
          'x-first-death-queue': 'tests',
          'x-first-death-reason': 'rejected',
        });
      });

      it('keeps what is no offer at once, tells it, and goes on', async () => {
        const log = { info: () => {}, warn: vi.fn() };
        const count = vi.fn();
        const bus = await open({ log, count });
        const done = vi.fn();
        void work(bus, async (stream) => done(stream));
        await declared(bus, 'tests');
        await outsider(url, async (channel) => channel.sendToQueue('tests', Buffer.from('{"strem":1}'), { messageId: 'theirs' }));
        await bus.offer(WORK, { stream: 'notification-1' });
        await until(() => expect(done).toHaveBeenCalledWith('notification-1'));
        const { content, properties } = await nextOf(url, 'tests.dead');
        expect(content.toString()).toBe('{"strem":1}');
        expect(properties.headers).toMatchObject({ reason: 'it is no offer: {"stream": "…"}', attempts: 1, 'x-first-death-queue': 'tests' });
        expect(count).toHaveBeenCalledWith('invalid', 1);
        expect(log.warn).toHaveBeenCalledWith(expect.objectContaining({ queue: 'tests', messageId: 'theirs' }), expect.any(String));
        expect(done).toHaveBeenCalledTimes(1);
      });

      it('keeps an offer whose workers die again and again', async () => {
        const bus = await open();
        await bus.offer(WORK, { stream: 'notification-1' });
        for (let death = 0; death < 4; death++) {
          await outsider(url, (channel) => until(async () => expect(await channel.get('tests')).toBeTruthy()));
        }
        const { properties } = await nextOf(url, 'tests.dead');
        expect(properties.headers).toMatchObject({ 'x-first-death-queue': 'tests', 'x-first-death-reason': 'delivery_limit' });
      });

      it('is taken from again when the worker’s connection is closed, and what it had comes again', async () => {
        const { bus, cut } = await openThroughProxy();
        const taken: string[] = [];
        const held = Promise.withResolvers<void>();
        void work(bus, async (stream) => {
          taken.push(stream);
          if (taken.length === 1) await held.promise;
        });
        await declared(bus, 'tests');
        await bus.offer(WORK, { stream: 'notification-1' });
        await until(() => expect(taken).toHaveLength(1));
        cut();
        held.resolve();
        await until(() => expect(taken).toEqual(['notification-1', 'notification-1']));
      });

      it('that is deleted is declared anew, by workers and by offers', async () => {
        const bus = await open();
        await bus.offer(WORK, { stream: 'notification-1' });
        await deleteQueue(url, 'tests');
        await expect(bus.offer(WORK, { stream: 'notification-2' })).rejects.toBeInstanceOf(BusUnavailable);
        await bus.offer(WORK, { stream: 'notification-3' });
        const taken: string[] = [];
        void work(bus, async (stream) => void taken.push(stream));
        await until(() => expect(taken).toEqual(['notification-3']));
        await deleteQueue(url, 'tests');
        await declared(bus, 'tests');
        await bus.offer(WORK, { stream: 'notification-4' });
        await until(() => expect(taken).toEqual(['notification-3', 'notification-4']));
      });

      it('a worker whose channel the broker closes finishes, and leaves the channels of others alone', async () => {
        const bus = await open();
        const held = Promise.withResolvers<void>();
        const taken: string[] = [];
        const slow = bus.work(WORK, { signal: ending.signal, prefetch: 1 }, async () => held.promise);
        await bus.offer(WORK, { stream: 'slow' });
        await until(async () => expect(await stateOf(bus, 'tests')).toMatchObject({ depth: 0, consumers: 1 }));
        void bus.work(OTHER, { signal: ending.signal, prefetch: 1 }, async ({ stream }) => void taken.push(stream));
        await declared(bus, 'others');
        await deleteQueue(url, 'tests');
        await bus.offer(OTHER, { stream: 'quick' });
        await until(() => expect(taken).toEqual(['quick']));
        ending.abort();
        held.resolve();
        await slow;
      });
    });

    describe('what is there with other arguments', () => {
      const named = (name: string) => `the ${name}, which RabbitMQ has with other arguments`;
      const offers = (bus: EventBus) => bus.offer(WORK, { stream: 'notification-1' });
      const publishes = (bus: EventBus) => bus.publisher(ending.signal).then((publisher) => publisher.release());
      const follows = async (bus: EventBus) => void (await bus.follow(EVERYTHING, { signal: ending.signal, max: 1 })[Symbol.asyncIterator]().next());
      type Declare = Parameters<typeof outsider>[1];

      it.each<[string, Declare, (bus: EventBus) => Promise<void>]>([
        ['queue everything', (channel) => channel.assertQueue('everything', { durable: true }), follows],
        ['queue tests', (channel) => channel.assertQueue('tests', { durable: false }), offers],
        ['queue tests.dead', (channel) => channel.assertQueue('tests.dead', { durable: true, arguments: { 'x-max-length': 7 } }), offers],
        ['queue _forwarder', (channel) => channel.assertQueue('_forwarder', { durable: true }), publishes],
        ['exchange events', (channel) => channel.assertExchange('events', 'direct'), publishes],
        ['exchange task', (channel) => channel.assertExchange('task', 'topic'), publishes],
      ])('%s: is named and logged once as long as it is so, and used as soon as it is not', async (name, declare, use) => {
        const [kind = '', own = ''] = name.split(' ');
        const theirs = kind === 'exchange' && own !== 'events' ? fanoutOf(own) : own;
        await outsider(url, theirs === own ? declare : (channel) => channel.assertExchange(theirs, 'topic'));
        const [misfits, error, info] = [new Set<string>(), vi.fn(), vi.fn()];
        const bus = await open({ misfits, log: { ...quiet, error, info } });
        const using = use(bus).catch(() => {});
        await until(() => expect([...misfits]).toEqual([named(`${kind} ${theirs}`)]));
        expect(error).toHaveBeenCalledExactlyOnceWith(
          expect.objectContaining({ name: `${kind} ${theirs}` }),
          expect.stringContaining(`RabbitMQ has the ${kind} ${theirs} with other arguments`),
        );
        await outsider(url, (channel) => (kind === 'queue' ? channel.deleteQueue(theirs) : channel.deleteExchange(theirs)));
        await until(() => expect([...misfits]).toEqual([]));
        expect(info).toHaveBeenCalledWith({ name: `${kind} ${theirs}` }, expect.stringContaining('as it must be'));
        await using;
        expect(error).toHaveBeenCalledTimes(1);
        await until(() => use(bus));
      });
    });

    it('a process that declared nothing sees the queues of the others; what nobody declared is left out', async () => {
      const [one, gateway] = [await open(), await open()];
      const { began } = listening(one, NOTIFIED, ending);
      await until(() => expect(began.times).toBe(1));
      await one.offer(WORK, { stream: 'notification-1' });
      expect(await gateway.queues()).toEqual([
        { name: 'notified', kind: 'follower', depth: 0, consumers: 1 },
        { name: 'tests', kind: 'work', depth: 1, consumers: 0 },
        { name: 'tests.dead', kind: 'work', depth: 0, consumers: 0 },
      ]);
    });

    it('the virtual host deleted and made again: all is declared anew', async () => {
      const bus = await open();
      const named = listening(bus, EVERYTHING, ending);
      const unnamed = listening(bus, NAMELESS, ending);
      const taken: string[] = [];
      void bus.work(WORK, { signal: ending.signal, prefetch: 1 }, async ({ stream }) => void taken.push(stream));
      await until(() => expect([named.began.times, unnamed.began.times]).toEqual([1, 1]));
      const lost = (await bus.publisher(ending.signal)).lost;
      const vhost = new URL(url).pathname.slice(1);
      await rabbitMq.api('DELETE', `vhosts/${vhost}`);
      await until(() => expect(lost.aborted).toBe(true));
      await until(() => expect(bus.offer(WORK, { stream: 'notification-1' })).rejects.toBeInstanceOf(BusUnavailable));
      await rabbitMq.api('PUT', `vhosts/${vhost}`);
      await until(() => expect([named.began.times, unnamed.began.times]).toEqual([2, 2]));
      await publish(bus, 1, 3);
      await until(() => expect([named.heard, unnamed.heard]).toEqual([positions(1, 3), positions(1, 3)]));
      await until(() => bus.offer(WORK, { stream: 'notification-2' }));
      await until(() => expect(taken).toContain('notification-2'));
    });
  });
});
