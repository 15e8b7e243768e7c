import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { describeWith, ferretDb, rabbitMq, redis } from './for-tests.fixture.ts';

describeWith(rabbitMq, 'RabbitMQ for tests', () => {
  test('gives every test an empty virtual host', async () => {
    const [one, other] = await Promise.all([rabbitMq.vhost(), rabbitMq.vhost()]);
    const [first, second] = await Promise.all([connect(one), connect(other)]);
    const [channel, elsewhere] = await Promise.all([first.createChannel(), second.createChannel()]);
    elsewhere.on('error', () => {});
    await channel.assertQueue('a', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await expect(elsewhere.checkQueue('a')).rejects.toThrow(/NOT_FOUND/);
    await Promise.all([first.close(), second.close()]);
  });
});

describeWith(redis, 'Redis for tests', () => {
  test('gives every test an empty database', async () => {
    const [one, other] = (await Promise.all([redis.database(), redis.database()])).map((url) => new Redis(url));
    await one?.set('a', '1');
    expect(await one?.get('a')).toBe('1');
    expect(await other?.get('a')).toBeNull();
    one?.disconnect();
    other?.disconnect();
  });
});

describeWith(ferretDb, 'FerretDB for tests', () => {
  test('gives every test an empty database', async () => {
    const [one, other] = await Promise.all([
      new MongoClient(await ferretDb.database()).connect(),
      new MongoClient(await ferretDb.database()).connect(),
    ]);
    await one.db().collection('a').insertOne({ n: 1 });
    expect(await one.db().collection('a').countDocuments()).toBe(1);
    expect(await other.db().collection('a').countDocuments()).toBe(0);
    await Promise.all([one.close(), other.close()]);
  });
});
