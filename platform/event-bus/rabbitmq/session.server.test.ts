import { afterEach, expect, it, vi } from 'vitest';
import { describeWith, rabbitMq } from '../../../servers/for-tests.fixture.ts';
import { hold } from './hold.ts';
import { until } from './rabbitmq.fixture.ts';
import { type BusSession, openSession } from './session.ts';

/** Resolves when the session consumes its first queue. (Whoever waits behind another is not among the consumers that a queue counts.) */
async function consumes(session: BusSession): Promise<void> {
  const began = Promise.withResolvers<void>();
  const { channel: openChannel } = session;
  session.channel = async () => {
    const channel = await openChannel();
    const { consume } = channel;
    channel.consume = async (...how) => {
      const consumer = await consume.apply(channel, how);
      began.resolve();
      return consumer;
    };
    return channel;
  };
  await began.promise;
}

describeWith(rabbitMq, 'a session with RabbitMQ', () => {
  const sessions: BusSession[] = [];
  const told: unknown[] = [];

  async function open(url: string): Promise<BusSession> {
    const session = await openSession({ url, name: 'test', heartbeat: 5, lost: (reason) => told.push(reason) });
    sessions.push(session);
    return session;
  }
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    told.length = 0;
  });

  it('invariant 13: ends when the broker closes a vital channel, all of it, and tells why', async () => {
    const session = await open(await rabbitMq.vhost());
    const [one, other] = [await session.channel(), await session.confirmChannel()];
    await expect(one.checkQueue('nowhere')).rejects.toThrow('NOT_FOUND');
    await until(() => expect(session.lost.aborted).toBe(true));
    expect(String(session.lost.reason)).toMatch(/no queue 'nowhere'/);
    expect(told).toEqual([session.lost.reason]);
    await until(() => expect(() => other.sendToQueue('x', Buffer.alloc(0))).toThrow());
  });

  it('goes on when a channel at its side is closed', async () => {
    const session = await open(await rabbitMq.vhost());
    const side = await session.sideChannel();
    await expect(side.channel.checkQueue('nowhere')).rejects.toThrow('NOT_FOUND');
    await expect(session.aside((channel) => channel.checkQueue('nowhere'))).rejects.toThrow('NOT_FOUND');
    await until(() => expect(side.lost.aborted).toBe(true));
    expect(session.lost.aborted).toBe(false);
    await session.close();
    expect(told).toEqual([]);
  });

  it('holds what another waits for, until it ends', async () => {
    const url = await rabbitMq.vhost();
    const [first, second] = [await open(url), await open(url)];
    const { signal } = new AbortController();
    expect(await hold(first, '_test', signal)).toBe(true);
    expect(await hold(second, '_other', signal)).toBe(true);
    const waiting = hold(second, '_test', signal);
    await first.close();
    expect(await waiting).toBe(true);
    const third = await open(url);
    const gaveUp = hold(third, '_test', AbortSignal.timeout(10));
    expect(await gaveUp).toBe(false);
  });

  it('declares the queue that another holds only when its turn has come, and the turns go in order', async () => {
    const url = await rabbitMq.vhost();
    const { signal } = new AbortController();
    const [first, second, third] = [await open(url), await open(url), await open(url)];
    expect(await hold(first, '_test', signal)).toBe(true);
    const held: string[] = [];
    const waiting = [];
    const asides = [];
    for (const [name, session] of Object.entries({ second, third })) {
      const waits = consumes(session);
      asides.push(vi.spyOn(session, 'aside'));
      waiting.push(hold(session, '_test', signal).then(() => held.push(name)));
      await waits;
    }
    // The queue of the turns alone was declared.
    for (const aside of asides) expect(aside).toHaveBeenCalledTimes(1);
    await first.close();
    await until(() => expect(held).toEqual(['second']));
    expect(asides[1]).toHaveBeenCalledTimes(1);
    await second.close();
    await Promise.all(waiting);
    expect(held).toEqual(['second', 'third']);
  });

  it('gives its turn to the next when it stops waiting', async () => {
    const url = await rabbitMq.vhost();
    const { signal } = new AbortController();
    const [first, second, third] = [await open(url), await open(url), await open(url)];
    expect(await hold(first, '_test', signal)).toBe(true);
    const leaving = new AbortController();
    const [secondWaits, thirdWaits] = [consumes(second), consumes(third)];
    const left = hold(second, '_test', leaving.signal);
    await secondWaits;
    const waiting = hold(third, '_test', signal);
    await thirdWaits;
    leaving.abort();
    expect(await left).toBe(false);
    await first.close();
    expect(await waiting).toBe(true);
    expect(second.lost.aborted).toBe(false);
  });

  it('waits for a hold of a process that took no turn', async () => {
    const url = await rabbitMq.vhost();
    const [first, second] = [await open(url), await open(url)];
    await first.aside((channel) => channel.assertQueue('_test', { exclusive: true, durable: false, arguments: { 'x-max-length': 1 } }));
    const waits = consumes(second);
    const waiting = hold(second, '_test', new AbortController().signal);
    await waits;
    await first.close();
    expect(await waiting).toBe(true);
  });
});
