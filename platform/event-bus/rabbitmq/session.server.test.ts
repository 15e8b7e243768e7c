import { afterEach, expect, it } from 'vitest';
import { describeWith, rabbitMq } from '../../../servers/for-tests.fixture.ts';
import { hold } from './hold.ts';
import { until } from './rabbitmq.fixture.ts';
import { type BusSession, openSession } from './session.ts';

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
});
