import type { Channel, ConsumeMessage } from 'amqplib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { BusSession } from './session.ts';
import { lineUp } from './turn.ts';

const MINUTE = 60_000;

/** A session whose one channel notes what is put into the queue and acknowledged; `deliver` gives the consumer the queue's message. */
function session() {
  const done: string[] = [];
  const lost = new AbortController();
  let deliver: (message: ConsumeMessage | null) => void = () => {};
  const channel = {
    prefetch: async () => {},
    consume: async (_queue: string, consumer: typeof deliver) => {
      deliver = consumer;
      return { consumerTag: 'one' };
    },
    sendToQueue: () => done.push('put'),
    ack: () => done.push('acknowledged'),
    cancel: async () => done.push('cancelled'),
    assertQueue: async () => {},
  } as unknown as Channel;
  const fake = { lost: lost.signal, lose: vi.fn(), channel: async () => channel, aside: async (work: (it: Channel) => unknown) => work(channel) };
  return {
    done,
    lost,
    lose: fake.lose,
    session: fake as unknown as BusSession,
    deliver: (message: object | null) => deliver(message as ConsumeMessage),
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('puts a message there each minute, and first where it gives one back, so that there always is one', async () => {
  const { done, deliver, session: of } = session();
  const turn = await lineUp(of, '_projections');
  expect(done.splice(0)).toEqual(['put']);
  vi.advanceTimersByTime(MINUTE);
  expect(done.splice(0)).toEqual(['put']);
  deliver({});
  await turn.mine;
  vi.advanceTimersByTime(MINUTE);
  expect(done.splice(0)).toEqual(['put', 'acknowledged']);
  // The next one comes to the same consumer.
  deliver({});
  vi.advanceTimersByTime(2 * MINUTE);
  expect(done.splice(0)).toEqual(['put', 'acknowledged', 'put']);
  await turn.leave();
  expect(done.splice(0)).toEqual(['cancelled', 'put']);
  vi.advanceTimersByTime(10 * MINUTE);
  expect(done).toEqual([]);
});

it('puts nothing there any more once its session is lost, and loses it where the queue is deleted', async () => {
  const { done, deliver, lost, lose, session: of } = session();
  const turn = await lineUp(of, '_projections');
  deliver(null);
  expect(lose).toHaveBeenCalledExactlyOnceWith('the queue _projections.turn was deleted');
  lost.abort();
  done.length = 0;
  vi.advanceTimersByTime(10 * MINUTE);
  await turn.leave();
  expect(done).toEqual([]);
});
