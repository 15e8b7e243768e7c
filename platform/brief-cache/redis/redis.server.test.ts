import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeWith, redis, type Server, startRedis } from '../../../servers/for-tests.fixture.ts';
import { type BriefCache, openBriefCache } from '../brief-cache.ts';

const log = { info: () => {}, warn: () => {} };
const PLACE = { key: 'a', marks: ['m'] };

describeWith(redis, 'the brief cache on a server', () => {
  let server: Server;
  let cache: BriefCache;
  let client: Redis;

  beforeEach(async () => {
    server = await startRedis();
    const opened = await openBriefCache(server.url, { log, patience: 10_000 });
    if (!opened) throw new Error('no cache');
    cache = opened;
    client = new Redis(server.url).on('error', () => {});
  });
  afterEach(async () => {
    client.disconnect();
    await cache.close();
    await server.close();
  });

  const textKey = async () => (await client.keys('*:brief:a'))[0] ?? '';

  async function timeOfRedis(): Promise<number> {
    const [seconds = 0, micros = 0] = (await client.time()).map(Number);
    return seconds * 1_000 + Math.floor(micros / 1_000);
  }

  /** Puts a text in its place as if it had been asked for at a time of Redis, `ago` milliseconds ago. */
  async function keep(text: string, ago: number): Promise<void> {
    await cache.through(PLACE, async () => 'first');
    const key = await vi.waitFor(async () => {
      await cache.through(PLACE, async () => 'first');
      const found = await textKey();
      expect(found).not.toBe('');
      return found;
    });
    await client.set(key, `${(await timeOfRedis()) - ago} ${text}`);
  }

  it('answers from what another look-up found', async () => {
    await vi.waitFor(async () => {
      await cache.through(PLACE, async () => 'first');
      expect(await cache.through(PLACE, async () => 'second')).toBe('first');
    });
  });

  it.each([
    ['that was asked for 400 ms ago, however late it was written', 400],
    ['from the future, after the clock was set back', -3_600_000],
  ])('looks up what is kept as a text %s', async (_, ago) => {
    await keep('kept', ago);
    expect(await cache.through(PLACE, async () => 'new')).toBe('new');
  });

  it('counts the age of a text from before it was looked up', async () => {
    let [asked, written] = [0, 0];
    await vi.waitFor(async () => {
      await client.flushall();
      await cache.through(PLACE, async () => {
        asked = await timeOfRedis();
        // The text is written in another millisecond than that in which the look-up began.
        while ((await timeOfRedis()) <= asked) {}
        return 'slow';
      });
      written = Number((await client.get(await textKey()))?.split(' ')[0]);
      expect(written).toBeGreaterThan(0);
    });
    // The time is of the moment at which nothing was found, which was before.
    expect(written).toBeLessThanOrEqual(asked);
  });

  it('takes nothing under a mark, also where a slow reader writes what it read before', async () => {
    await cache.through(PLACE, async () => {
      await cache.mark(['m']);
      return 'as it was before';
    });
    expect(await cache.through(PLACE, async () => 'as it is')).toBe('as it is');
    expect(await cache.through({ key: 'a', marks: ['other', 'm'] }, async () => 'as it is')).toBe('as it is');
  });

  it('keeps no null, and rejects as the look-up does', async () => {
    expect(await cache.through(PLACE, async () => null)).toBeNull();
    expect(await textKey()).toBe('');
    await expect(cache.through(PLACE, () => Promise.reject(new Error('the secrets are away')))).rejects.toThrow('the secrets are away');
  });

  it('looks everything up while the server is dead', async () => {
    await server.kill();
    expect(await cache.through(PLACE, async () => 'looked up')).toBe('looked up');
    await cache.mark(['m']);
  });
});
