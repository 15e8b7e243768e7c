import { expect, test, vi } from 'vitest';
import { describeWith, redis } from '../../../servers/for-tests.fixture.ts';
import { describeCache } from '../cache.suite.ts';
import { CacheUnavailable } from '../cache.ts';
import { openCache } from '../open.ts';
import { entry, PATIENT, redisRig, rejected } from './redis.fixture.ts';

describeWith(redis, 'the cache on a server', () => {
  describeCache('redis', async () => openCache(await redis.database(), PATIENT));
});

describeWith(redis, 'the cache on a server of its own', () => {
  const rig = redisRig(PATIENT);

  test('what one process writes another one reads', async () => {
    const other = await openCache(rig.server().url, PATIENT);
    await rig.open();
    await rig.put('shared');
    await rig.cache().raise(['tasks']);
    expect([(await other.get(['a']))[0]?.value, await other.generations(['tasks'])]).toEqual(['shared', [1]]);
    await other.close();
  });

  test('many entries at once are all there', async () => {
    await rig.open();
    const all = Array.from({ length: 1_234 }, (_, n) => ({ key: `key ${n}`, entry: entry({ n }) }));
    await rig.cache().set(all, 60);
    expect(await rig.cache().get(all.map(({ key }) => key))).toEqual(all.map((one) => one.entry));
  });

  test('everything in Redis begins with taskledger: and goes by itself', async () => {
    await rig.open();
    await rig.put('value');
    await rig.cache().raise(['tasks']);
    const client = rig.admin();
    const keys = await client.keys('*');
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(key).toMatch(/^taskledger:/);
      expect(await client.pttl(key)).toBeGreaterThan(0);
    }
  });

  test('what was written in an earlier run of the server is cleared, too, and nothing else in the database', async () => {
    await rig.open();
    await rig.put('value');
    await rig.admin().set('taskledger:0123abcd:entry:old', 'left by an earlier run');
    await rig.admin().set('another:entry:x', 'not ours');
    expect(await rig.cache().clear()).toBe(2);
    expect(await rig.admin().keys('*')).toEqual(['another:entry:x']);
  });

  test('a cache that does not answer is not called clear', async () => {
    await rig.open();
    rig.pause();
    expect(await rejected(rig.cache().clear())).toBeInstanceOf(CacheUnavailable);
    rig.goOn();
  });

  test('what is in its place and is not an entry is none, and is written over', async () => {
    await rig.open();
    await rig.put('value');
    const client = rig.admin();
    const [key = ''] = await client.keys('*');
    for (const strange of ['', 'not JSON', '7', '{"position":1}', '"text"', 'null']) {
      await client.set(key, strange);
      expect(await rig.value()).toBeUndefined();
    }
    await client.del(key);
    await client.lpush(key, 'a list');
    expect(await rig.value()).toBeUndefined();
    await rig.put('value');
    expect(await rig.value()).toBe('value');
  });

  test('counters that were thrown out for want of memory never show a value they had before', async () => {
    await rig.open();
    await rig.cache().raise(['tasks', 'tasks', 'users']);
    const client = rig.admin();
    await client.config('SET', 'maxmemory-policy', 'allkeys-random');
    await client.config('SET', 'maxmemory', '1mb');
    await vi.waitFor(async () => {
      await client.set(`filler:${Math.random()}`, 'x'.repeat(1_000)).catch(() => {});
      expect(await client.keys('taskledger:*')).toEqual([]);
    });
    await client.config('SET', 'maxmemory', '0');
    await rig.cache().raise(['tasks']);
    expect((await rig.cache().generations(['tasks']))?.[0]).toBeGreaterThan(1_000_000);
  });

  test('invariant 14: a Redis that comes back with what it had earlier shows none of it', async () => {
    await rig.open();
    const client = rig.admin();
    await rig.put('earlier');
    await rig.cache().raise(['tasks']);
    await client.save();
    await rig.put('later', '02');
    await rig.server().kill();
    await rig.server().restart();
    await rig.works();
    expect(await rig.cache().generations(['tasks'])).toEqual([0]);
    expect((await rig.admin().keys('*entry:a')).length).toBe(2);
  });

  test('a Redis whose scripts were thrown away gets them again', async () => {
    await rig.open();
    await rig.put('first');
    const client = rig.admin();
    await client.script('FLUSH');
    await rig.put('second', '02');
    expect(await rig.value()).toBe('second');
  });

  test('without memory it refuses what it is given, and reads go on', async () => {
    await rig.open();
    await rig.put('value');
    const client = rig.admin();
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await client.config('SET', 'maxmemory', '1');
    for (let n = 0; n < 3; n++) expect(await rejected(rig.put('more', '02'))).toMatchObject({ message: expect.stringMatching(/OOM/) });
    expect(rig.log()).toEqual([expect.stringMatching(/refuses what it is asked: OOM/)]);
    expect(await rig.value()).toBe('value');
    await client.config('SET', 'maxmemory', '0');
  });
});
