import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith, rabbitMq } from '../../../servers/for-tests.fixture.ts';
import type { EventBus } from '../event-bus.ts';
import { EVERYTHING, EXAMPLE_QUEUES, OFFERS, TASK_EVENTS } from '../queues.fixture.ts';
import { type FollowerQueue, fanoutOf, type QueueTable } from '../queues.ts';
import { deleteQueue, listening, numbered, outsider, positions, until } from './rabbitmq.fixture.ts';
import { openRabbitMqBus } from './rabbitmq.ts';
import { EVENTS } from './topology.ts';

/** A queue with a name, on the exchange of a category, and one without, of all. */
const TASKS: FollowerQueue = { ...TASK_EVENTS, name: 'tasks', activeHold: '_tasks' };
const NAMELESS: FollowerQueue = { ...TASK_EVENTS, activeHold: null };
const QUEUES: QueueTable = [...EXAMPLE_QUEUES, TASKS, NAMELESS];

describeWith(rabbitMq, 'what an operator deletes of a RabbitMQ that goes on', () => {
  let url: string;
  let bus: EventBus;
  let ending: AbortController;
  beforeEach(async () => {
    url = await rabbitMq.vhost();
    ending = new AbortController();
    bus = await openRabbitMqBus(url, { queues: QUEUES, log: { info: () => {}, warn: () => {} } });
  });
  afterEach(async () => {
    ending.abort();
    await bus.close();
  });

  /** Followers of every sort, once each of them follows. */
  async function following(queues: readonly FollowerQueue[]) {
    const all = queues.map((queue) => listening(bus, queue, ending));
    await until(() => expect(all.map(({ began }) => began.times)).toEqual(all.map(() => 1)));
    return all;
  }

  async function publish(from: number, to: number): Promise<void> {
    const publisher = await bus.publisher(ending.signal);
    await publisher.publish(numbered(from, to));
    await publisher.release();
  }

  /** Publishes until all of them hear of it; each message is new to who hears it. */
  async function heardAgain(followers: readonly { heard: string[] }[]): Promise<void> {
    let n = 0;
    await until(async () => {
      n++;
      await publish(n, n);
      for (const { heard } of followers) expect(heard).toContain(positions(n, n)[0]);
    });
  }

  it.each([
    ['of all events', EVENTS],
    ['of a category', fanoutOf('task')],
  ])('an exchange %s: it is there again, and all who followed hear by it', async (_, exchange) => {
    const followers = await following([EVERYTHING, TASKS, NAMELESS]);
    await outsider(url, (channel) => channel.deleteExchange(exchange));
    await heardAgain(followers);
  });

  it('the exchange of all events, before who publishes: it has lost its hold without publishing anything', async () => {
    const { lost } = await bus.publisher(ending.signal);
    await outsider(url, (channel) => channel.deleteExchange(EVENTS));
    await until(() => expect(lost.aborted).toBe(true));
    await publish(1, 1);
  });

  it('bindings, of a queue and of an exchange: they are there again, and nobody is disturbed', async () => {
    const followers = await following([EVERYTHING, TASKS]);
    await outsider(url, async (channel) => {
      await channel.unbindQueue('everything', EVENTS, EVERYTHING.pattern);
      await channel.unbindQueue('tasks', fanoutOf('task'), TASKS.pattern);
      await channel.unbindExchange(fanoutOf('task'), EVENTS, 'task.#');
    });
    await heardAgain(followers);
    expect(followers.map(({ began }) => began.times)).toEqual([1, 1]);
  });

  it('a `.dead` queue: it is there again, while its workers go on', async () => {
    void bus.work(OFFERS, { signal: ending.signal, prefetch: 1 }, async () => {});
    const queues = async () => (await bus.queues()).map(({ name }) => name);
    await until(async () => expect(await queues()).toContain('tests.dead'));
    await deleteQueue(url, 'tests.dead');
    expect(await queues()).not.toContain('tests.dead');
    await until(async () => expect(await queues()).toContain('tests.dead'));
  });
});
