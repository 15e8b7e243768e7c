/** Orders on a real RabbitMQ: what a poison order leaves in orders.dead, and that an offer is acknowledged only after what came of it is recorded. */
import { connect } from 'amqplib';
import { afterEach, expect, it, vi } from 'vitest';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { describeWith, rabbitMq } from '../../servers/for-tests.fixture.ts';
import { type OrderRig, openOrderRig, RIG_QUEUES } from '../../system/order-rig.fixture.ts';
import { ORDERS } from './order-rows.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

describeWith(rabbitMq, 'orders on RabbitMQ', () => {
  let rig: OrderRig | undefined;
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  it('a poison order lies in orders.dead with its reason, and the others are decided', async () => {
    const url = await rabbitMq.vhost();
    rig = await openOrderRig(await openEventBus(url, { queues: RIG_QUEUES, log }));
    rig.start({
      attempts: 1,
      judge: ({ items }) => {
        if (items[0]?.quantity === 13) throw new Error('cannot count to thirteen');
        return [];
      },
    });
    const streams = await Promise.all([1, 13, 2].map(rig.place));
    await rig.becomes(streams[1] ?? '', 'OrderFailed');
    for (const stream of [streams[0], streams[2]]) await rig.becomes(stream ?? '', 'OrderConfirmed');
    const connection = await connect(url);
    const channel = await connection.createChannel();
    const dead = await vi.waitFor(async () => (await channel.get(`${ORDERS.name}.dead`)) || expect.fail('none yet'), {
      timeout: 10_000,
      interval: 50,
    });
    expect(JSON.parse(dead.content.toString())).toMatchObject({ stream: streams[1] });
    expect(dead.properties.headers).toMatchObject({ reason: 'cannot count to thirteen', 'x-first-death-queue': 'orders', attempts: 1 });
    channel.nack(dead, false, true);
    await connection.close();
  });

  it('an offer is the broker’s until what came of it is recorded', async () => {
    const url = await rabbitMq.vhost();
    rig = await openOrderRig(await openEventBus(url, { queues: RIG_QUEUES, log }));
    let decide = () => {};
    rig.start({ workers: 1, lease: 60_000, judge: () => new Promise((resolve) => (decide = () => resolve([]))) });
    const stream = await rig.place(1);
    await rig.becomes(stream, 'OrderProcessing');
    const unacknowledged = async () => {
      const queue = (await rabbitMq.api('GET', `queues/${new URL(url).pathname.slice(1)}/orders`)) as {
        messages_unacknowledged?: number;
      };
      return queue.messages_unacknowledged;
    };
    await vi.waitFor(async () => expect(await unacknowledged()).toBe(1), { timeout: 20_000, interval: 100 });
    decide();
    await rig.becomes(stream, 'OrderConfirmed');
    await vi.waitFor(async () => expect(await unacknowledged()).toBe(0), { timeout: 20_000, interval: 100 });
  });
});
