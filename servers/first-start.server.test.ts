/** What the first start hands out lets our parts into real servers, and further than it should nobody. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { QUEUES } from '../app/queues.ts';
import { openRedisBriefCache } from '../platform/brief-cache/redis/redis.ts';
import { openRedisCache } from '../platform/cache/redis/redis.ts';
import { openRabbitMqBus } from '../platform/event-bus/rabbitmq/rabbitmq.ts';
import { openLimits } from '../platform/http/limits/limits.ts';
import { aclLines } from './first-start/acl.fixture.ts';
import { readVariables } from './first-start/record.ts';
import { firstStart } from './first-start.ts';
import { describeWith, rabbitMq, redis, startRabbitMq, startRedis } from './for-tests.fixture.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

let folder: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handed-out-'));
  await firstStart([], { record: join(folder, 'record'), handedOut: folder });
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rm(folder, { recursive: true });
});

/** A URL that a part was given, of a server that listens here. */
async function urlOf(part: string, name: string, port: number): Promise<string> {
  const url = new URL((await readVariables(join(folder, part), 'parts.env'))[name] ?? '');
  url.host = `127.0.0.1:${port}`;
  return url.href;
}

describeWith(redis, 'Redis with the users of the first start', () => {
  it('lets the parts keep entries, counters and limits, and neither look around nor set it up', async () => {
    const server = await startRedis();
    ends.push(server.close);
    const operator = new Redis(server.url, { enableReadyCheck: false });
    ends.push(async () => operator.disconnect());
    // The first line is of the user that the operator is here.
    for (const [, name = '', ...rules] of aclLines(await readFile(join(folder, 'redis', 'users.acl'), 'utf8')).toReversed())
      await operator.call('ACL', 'SETUSER', name, ...rules);

    const url = await urlOf('gateway', 'CACHE_URL', server.port);
    const cache = await openRedisCache(url, { log, patience: 10_000, installation: 'one' });
    ends.push(cache.close);
    const entry = { position: '1', generation: 0, value: { a: 1 } };
    await expect.poll(() => cache.set([{ key: 'k', entry }], 60)).toBeUndefined();
    expect(await cache.get(['k'])).toEqual([entry]);
    const [before = 0] = (await cache.generations(['n'])) ?? [];
    await cache.raise(['n']);
    expect(await cache.generations(['n'])).toEqual([before + 1]);
    const brief = await openRedisBriefCache(url, { log, patience: 10_000 });
    ends.push(brief.close);
    await expect.poll(() => brief.through({ key: 'k', marks: ['m'] }, async () => 'looked up')).toBe('looked up');
    await brief.mark(['m']);
    // The one of limits has the same users, with another password.
    const [line = '', other = ''] = await Promise.all(
      ['redis', 'limits']
        .map(async (name) => readFile(join(folder, name, 'users.acl'), 'utf8'))
        .map(async (text) => (await text).replace(/#\w+/, '#')),
    );
    expect(other).toBe(line);
    const limits = await openLimits(url, { log });
    ends.push(limits.close);
    expect(await limits.consume('login-ip', 'somebody')).toHaveProperty('RateLimit');

    const ours = new Redis(url);
    ends.push(async () => ours.disconnect());
    const looking = [['KEYS', '*'], ['SCAN', '0'], ['RANDOMKEY'], ['DBSIZE'], ['MONITOR']];
    const settingUp = [['FLUSHALL'], ['CONFIG', 'GET', '*'], ['ACL', 'LIST'], ['SHUTDOWN'], ['FUNCTION', 'FLUSH'], ['SCRIPT', 'FLUSH']];
    for (const words of [...looking, ...settingUp])
      await expect(ours.call(...(words as [string, ...string[]])), words.join(' ')).rejects.toThrow('NOPERM');
    for (const words of [['GET', 'k'], ['INFO'], ['EVAL', 'return 1', '0'], ['SUBSCRIBE', 'x'], ['ACL', 'WHOAMI']])
      await expect(operator.call(...(words as [string, ...string[]])), words.join(' ')).rejects.toThrow('NOPERM');
  });
});

describeWith(rabbitMq, 'RabbitMQ with the users of the first start', () => {
  it('lets the parts publish and consume, and the operator alone look after it', async () => {
    const server = await startRabbitMq();
    ends.push(server.close);
    await server.api('POST', 'definitions', JSON.parse(await readFile(join(folder, 'rabbitmq', 'definitions.json'), 'utf8')));
    const bus = await openRabbitMqBus(await urlOf('forwarder', 'BUS_URL', server.port), { queues: QUEUES, log, installation: 'one' });
    ends.push(bus.close);
    const over = new AbortController();
    ends.push(async () => over.abort());
    expect(await bus.publisher(over.signal)).toBeDefined();

    const { RABBITMQ_OPERATOR_PASSWORD } = await readVariables(join(folder, 'record'), 'users.env');
    const { RABBITMQ_DEFAULT_PASS } = await readVariables(join(folder, 'record'), 'rabbitmq.env');
    const asks = async (user: string) =>
      (await fetch(`http://127.0.0.1:${server.managementPort}/api/users`, { headers: { authorization: `Basic ${btoa(user)}` } })).status;
    expect(await asks(`operator:${RABBITMQ_OPERATOR_PASSWORD}`)).toBe(200);
    expect(await asks(`taskledger:${RABBITMQ_DEFAULT_PASS}`)).toBe(401);
    expect(await asks(`operator:${RABBITMQ_DEFAULT_PASS}`)).toBe(401);
  });
});
