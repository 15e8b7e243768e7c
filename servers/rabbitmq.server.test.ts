import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectTo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { firstAnswer } from './answering.ts';
import { describeWith, type RabbitMq, rabbitMq, startRabbitMq } from './for-tests.fixture.ts';

const QUEUE = 'kept-over-a-kill';

/** Waits until the queue is on the disk: RabbitMQ 3.10 records a declared queue only after some two seconds, and loses it when killed before. */
async function written(broker: RabbitMq): Promise<void> {
  const log = join(broker.folder, 'data', 'taskledger@localhost', 'LATEST.LOG');
  await vi.waitFor(async () => expect((await readFile(log, 'latin1')).includes(QUEUE)).toBe(true), 20_000);
}

describeWith(rabbitMq, 'a RabbitMQ of one’s own', () => {
  let broker: RabbitMq;
  beforeAll(async () => {
    broker = await startRabbitMq();
  });
  afterAll(() => broker.close());

  /** The number of messages in the queue, which is made where it is missing; puts one more there where asked to. */
  async function messages(more?: 'and one more'): Promise<number> {
    const connection = await connect(broker.url);
    const channel = await connection.createConfirmChannel();
    const { messageCount } = await channel.assertQueue(QUEUE, { durable: true });
    if (more) channel.sendToQueue(QUEUE, Buffer.from('x'), { persistent: true });
    await channel.waitForConfirms();
    await connection.close();
    return messageCount;
  }

  test('keeps what it confirmed when it is killed, and loses it when it is wiped', async () => {
    await messages('and one more');
    await written(broker);
    await broker.kill();
    await expect(messages()).rejects.toThrow('ECONNREFUSED');
    await broker.restart();
    expect(await messages()).toBe(1);
    await broker.wipe();
    expect(await messages()).toBe(0);
  });

  test('deletes a virtual host and closes its connections', async () => {
    const url = await broker.vhost();
    const connection = await connect(url);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    connection.on('error', () => {});
    await broker.dropVhost(url);
    await closed;
    await expect(connect(url)).rejects.toThrow();
  });

  test('listens on the loopback only, and leaves no listener behind', async () => {
    const other = await startRabbitMq();
    const ports = [other.port, other.managementPort];
    // A server that listens on every address also listens on this one.
    for (const port of ports) await expect(once(connectTo(port, '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
    await other.close();
    for (const port of ports) await expect(firstAnswer(port, '')).rejects.toThrow('ECONNREFUSED');
  });
});
