/** The tests that every event bus passes. An implementation's test runs them: `describeEventBus('memory', open)`. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { START } from '../../contracts/message.ts';
import { type BusMessage, BusUnavailable, DeadLetter, type EventBus, type Offer, type Publisher, QueueFull, type QueueState } from './event-bus.ts';
import { type FollowerQueue, followerQueue, type QueueTable, UnknownQueue, workQueue } from './queues.ts';

/** Waits for a condition as long as a busy machine, and a server on it, may need. */
const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 10_000 });

/** The queues of the tests. Each test has a bus of its own. */
const ALL = { ...followerQueue('all', { pattern: '#', purpose: 'all events' }), limit: 100 };
const SHORT = { ...ALL, name: 'short', activeHold: '_short' as const, limit: 5 };
const TASKS = { ...followerQueue('tasks', { category: 'task', purpose: 'task events' }), name: null, activeHold: null };
const NOTIFIED = followerQueue('notified', { pattern: 'notification.#', purpose: 'all channels' });
const MAIL = followerQueue('mail', { pattern: 'notification.notification_requested.email', purpose: 'one channel' });
const WORK = { ...workQueue('work', { purpose: 'offers' }), limit: 100, deliveryLimit: 3 };
const NARROW = { ...WORK, name: 'narrow', limit: 2 };
const TABLE: QueueTable = [ALL, SHORT, TASKS, NOTIFIED, MAIL, WORK, NARROW];

/** Runs the suite. `open` gives an empty bus with this table for each test. */
export function describeEventBus(name: string, open: (queues: QueueTable) => Promise<EventBus>): void {
  describe(name, () => {
    let bus: EventBus;
    let ending: AbortController;

    beforeEach(async () => {
      bus = await open(TABLE);
      ending = new AbortController();
    });
    afterEach(async () => {
      ending.abort();
      await bus.close();
    });

    /** Follows a queue until the signal aborts and collects the batches; resolves once the consumer is the active one. */
    async function listenTo(queue: FollowerQueue, signal = ending.signal, max = 10) {
      const batches: BusMessage[][] = [];
      const iterator = bus.follow(queue, { signal, max })[Symbol.asyncIterator]();
      const first = await iterator.next();
      expect(first).toEqual({ done: false, value: [] });
      const ended = (async () => {
        for (let step = await iterator.next(); !step.done; step = await iterator.next()) batches.push(step.value);
      })();
      return { batches, messages: () => batches.flat(), positions: () => batches.flat().map(({ event }) => event.position), ended };
    }

    const state = async (queue: string): Promise<QueueState | undefined> => (await bus.queues()).find((one) => one.name === queue);

    async function publish(messages: BusMessage[]): Promise<void> {
      const publisher = await bus.publisher(ending.signal);
      await publisher.publish(messages);
      await publisher.release();
    }

    it('hands every message to every queue it belongs to, in order', async () => {
      const all = await listenTo(ALL);
      const tasks = await listenTo(TASKS);
      const mail = await listenTo(MAIL);
      const one = await listenTo(NOTIFIED);
      const sent = [message(1, 'TaskCreated'), message(2, 'UserCreated'), message(3, 'NotificationRequested'), message(4, 'TaskDeleted')];
      await publish(sent);
      await until(() => expect(all.positions()).toHaveLength(4));
      await until(() => expect(tasks.positions()).toEqual([position(1), position(4)]));
      await until(() => expect([...one.positions(), ...mail.positions()]).toEqual([position(3), position(3)]));
      expect(all.messages()).toEqual(sent);
    });

    it('does not hand out more at once than asked for', async () => {
      const heard = await listenTo(ALL, ending.signal, 1);
      await publish(numbered(1, 20));
      await until(() => expect(heard.positions()).toEqual(numbered(1, 20).map(({ event }) => event.position)));
      expect(heard.batches.every((batch) => batch.length === 1)).toBe(true);
    });

    it('invariant 6: lets one publisher at a time publish; the next one takes over when it is released', async () => {
      const first = await bus.publisher(ending.signal);
      let second: Publisher | undefined;
      const waiting = bus.publisher(ending.signal).then((it) => {
        second = it;
      });
      await first.publish(numbered(1, 1));
      expect(second).toBeUndefined();
      await first.release();
      await waiting;
      await expect(first.publish(numbered(2, 2))).rejects.toThrow();
      await second?.publish(numbered(2, 2));
      await second?.release();
    });

    it('a publisher that waits gives up when its signal aborts, and only then', async () => {
      const first = await bus.publisher(ending.signal);
      const impatient = new AbortController();
      const waiting = bus.publisher(impatient.signal);
      const refused = expect(waiting).rejects.toBeDefined();
      impatient.abort();
      await refused;
      await first.release();
      await (await bus.publisher(ending.signal)).release();
    });

    it('invariant 12: a full queue drops its oldest messages and never stops the publisher', async () => {
      const queue = SHORT;
      const once = new AbortController();
      const before = await listenTo(queue, once.signal);
      once.abort();
      await before.ended;
      await publish(numbered(1, 50));
      const after = await listenTo(queue);
      await until(() => expect(after.positions()).toEqual(numbered(46, 50).map(({ event }) => event.position)));
    });

    it('publishing where no queue is succeeds', async () => {
      await publish(numbered(1, 3));
    });

    it('invariant 8: one consumer of a queue is active, the next takes over where it left, unacknowledged messages first', async () => {
      const queue = ALL;
      const first = bus.follow(queue, { signal: ending.signal, max: 2 })[Symbol.asyncIterator]();
      await first.next();
      const second = listenTo(queue);
      let active = false;
      second.then(() => {
        active = true;
      });
      await publish(numbered(1, 6));
      const acknowledged = (await first.next()).value as BusMessage[];
      const unacknowledged = (await first.next()).value as BusMessage[];
      expect(active).toBe(false);
      await first.return?.();
      const { positions } = await second;
      const rest = numbered(acknowledged.length + 1, 6).map(({ event }) => event.position);
      await until(() => expect(positions()).toEqual(rest));
      expect(rest).toEqual(expect.arrayContaining(unacknowledged.map(({ event }) => event.position)));
    });

    it('a queue without a name is gone with its consumer', async () => {
      const before = (await bus.queues()).length;
      const once = new AbortController();
      const heard = await listenTo(TASKS, once.signal);
      await until(async () => expect((await bus.queues()).length).toBe(before + 1));
      once.abort();
      await heard.ended;
      await until(async () => expect((await bus.queues()).length).toBe(before));
    });

    it('a follower ends without an error when its signal aborts, and at once when it has aborted already', async () => {
      const once = new AbortController();
      const heard = await listenTo(ALL, once.signal);
      once.abort();
      await heard.ended;
      for await (const batch of bus.follow(ALL, { signal: once.signal, max: 1 })) expect(batch).toBe('not there');
    });

    it('workers compete for offers, each with no more at once than its prefetch', async () => {
      const queue = WORK;
      const taken: string[] = [];
      const running = { now: 0, most: 0 };
      const { promise: both, resolve: met } = Promise.withResolvers<void>();
      const work = async ({ stream }: Offer) => {
        running.most = Math.max(running.most, ++running.now);
        if (running.now === 2) met();
        await both;
        await delay(1);
        taken.push(stream);
        running.now--;
      };
      const workers = [1, 2].map(() => bus.work(queue, { signal: ending.signal, prefetch: 1 }, work));
      for (let n = 0; n < 20; n++) await bus.offer(queue, offer(n));
      await until(() => expect(taken).toHaveLength(20));
      ending.abort();
      await Promise.all(workers);
      expect(new Set(taken).size).toBe(20);
      expect(running.most).toBe(2);
    });

    it('offers wait for a worker, and a worker that stops finishes what it took', async () => {
      const queue = WORK;
      await bus.offer(queue, offer(1));
      const { promise: may, resolve: letGo } = Promise.withResolvers<void>();
      const taken: string[] = [];
      let finished = 0;
      const worker = bus.work(queue, { signal: ending.signal, prefetch: 1 }, async ({ stream }) => {
        taken.push(stream);
        await may;
        finished++;
      });
      await until(() => expect(taken).toEqual([offer(1).stream]));
      await bus.offer(queue, offer(2));
      ending.abort();
      letGo();
      await worker;
      expect(finished).toBe(1);
      await until(async () => expect((await state(queue.name))?.depth).toBe(1));
    });

    it('an offer whose handler fails comes again up to the delivery limit, then lies in the dead queue', async () => {
      const queue = WORK;
      const deliveries = { bad: 0, flaky: 0, good: 0 };
      const worker = bus.work(queue, { signal: ending.signal, prefetch: 1 }, async ({ stream }) => {
        const kind = stream as keyof typeof deliveries;
        deliveries[kind]++;
        if (kind === 'bad' || (kind === 'flaky' && deliveries.flaky < 3)) throw new Error(`${kind} as asked for`);
      });
      for (const stream of ['bad', 'flaky', 'good']) await bus.offer(queue, { stream });
      await until(async () => expect((await state(`${queue.name}.dead`))?.depth).toBe(1));
      await until(() => expect(deliveries).toEqual({ bad: 3, flaky: 3, good: 1 }));
      ending.abort();
      await worker;
      expect((await state(queue.name))?.depth).toBe(0);
    });

    it('an offer whose handler finds something away comes again up to the delivery limit, and is no dead letter', async () => {
      const queue = WORK;
      let deliveries = 0;
      const worker = bus.work(queue, { signal: ending.signal, prefetch: 1 }, async () => {
        deliveries++;
        throw new BusUnavailable('as asked for');
      });
      await bus.offer(queue, offer(1));
      await until(() => expect(deliveries).toBe(queue.deliveryLimit));
      ending.abort();
      await worker;
      expect([(await state(queue.name))?.depth, (await state(`${queue.name}.dead`))?.depth ?? 0]).toEqual([0, 0]);
    });

    it('an offer whose handler gives it up lies in the dead queue at once', async () => {
      const queue = WORK;
      let deliveries = 0;
      const worker = bus.work(queue, { signal: ending.signal, prefetch: 1 }, async () => {
        deliveries++;
        throw new DeadLetter('no use');
      });
      await bus.offer(queue, offer(1));
      await until(async () => expect((await state(`${queue.name}.dead`))?.depth).toBe(1));
      ending.abort();
      await worker;
      expect([deliveries, (await state(queue.name))?.depth]).toEqual([1, 0]);
    });

    it('invariant 12: a full work queue refuses offers', async () => {
      const queue = NARROW;
      await bus.offer(queue, offer(1));
      await bus.offer(queue, offer(2));
      await expect(bus.offer(queue, offer(3))).rejects.toBeInstanceOf(QueueFull);
    });

    it('refuses a queue that it was opened without, or with another row, at once and by its name', async () => {
      const forgotten = followerQueue('forgotten', { category: 'task', purpose: 'nothing' });
      for (const queue of [forgotten, { ...ALL, limit: 7 }, { ...TASKS, limit: 7 }]) {
        expect(() => bus.follow(queue, { signal: ending.signal, max: 1 })).toThrow(UnknownQueue);
        expect(() => bus.check(queue)).toThrow(`opened without the queue ${queue.name ?? 'without a name for task events'}`);
      }
      const unknown = workQueue('unheard_of', { purpose: 'nothing' });
      await expect(bus.offer(unknown, offer(1))).rejects.toThrow('unheard_of');
      await expect(bus.work(unknown, { signal: ending.signal, prefetch: 1 }, async () => {})).rejects.toBeInstanceOf(UnknownQueue);
      expect(() => [...TABLE, structuredClone(ALL)].map(bus.check).at(0)).not.toThrow();
    });

    it('a table with two rows of one name is refused', async () => {
      await expect((async () => open([ALL, { ...ALL, limit: 7 }]))()).rejects.toThrow('two rows of the table of queues are called all');
      await expect((async () => open([ALL, { ...TASKS, activeHold: '_all' }]))()).rejects.toThrow('called _all');
    });

    it('close ends followers, workers and the publisher’s hold', async () => {
      const heard = await listenTo(ALL);
      const worker = bus.work(WORK, { signal: ending.signal, prefetch: 1 }, async () => {});
      const publisher = await bus.publisher(ending.signal);
      await bus.close();
      await Promise.all([heard.ended, worker]);
      expect(publisher.lost.aborted).toBe(true);
      await expect(publisher.publish(numbered(1, 1))).rejects.toThrow();
    });
  });
}

const position = (n: number) => (n === 0 ? START : String(n).padStart(16, '0'));

function message(n: number, type: string): BusMessage {
  return { event: exampleEvent(type, { position: position(n) }), previous: position(n - 1), previousInCategory: position(n - 1) };
}

function numbered(from: number, to: number): BusMessage[] {
  return Array.from({ length: to - from + 1 }, (_, index) => message(from + index, 'TaskCreated'));
}

const offer = (n: number): Offer => ({ stream: `notification-${n}` });
