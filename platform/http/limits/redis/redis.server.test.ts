import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWith, redis, type Server, startRedis } from '../../../../servers/for-tests.fixture.ts';
import { standStill } from '../../../../servers/stand-still.fixture.ts';
import { describeLimits, refused } from '../limits.suite.ts';
import { type Limits, openLimits } from '../limits.ts';

/** Milliseconds of patience for tests that are not about waiting: they must not depend on how busy the machine is. */
const PATIENCE = 10_000;
async function usedBy(client: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
}
const hmac = (text: string) => `hash of ${text}`;

describeWith(redis, 'limits on a server', () => {
  describeLimits('redis', async (options) => openLimits(await redis.database(), { ...options, patience: PATIENCE }));

  describe('on a server whose memory ends', () => {
    /** Fills a server of one megabyte and a half as a cache is filled by whoever reads a lot: with entries that live for minutes. */
    async function fill(client: Redis): Promise<void> {
      for (let n = 0; n < 200; n++) await client.set(`taskledger:entry:${n}`, 'x'.repeat(50_000), 'EX', 300).catch(() => null);
    }

    async function onServer(policy: string, attack: (limits: Limits, client: Redis) => Promise<void>): Promise<string[]> {
      const server = await startRedis();
      const client = new Redis(server.url);
      await client.config('SET', 'maxmemory', (await usedBy(client)) + 1_500_000);
      await client.config('SET', 'maxmemory-policy', policy);
      const said: string[] = [];
      const log = { info: () => {}, warn: (_: object, message: string) => said.push(message) };
      const limits = await openLimits(server.url, { registration: 2, hmac, patience: PATIENCE, log });
      await attack(limits, client);
      await limits.close();
      client.disconnect();
      await server.close();
      return said;
    }

    it('with noeviction, as limits are to have, are kept whatever else is written, and nothing is said at the start', async () => {
      const said = await onServer('noeviction', async (limits, client) => {
        await limits.consume('registration', 'a', 2);
        await fill(client);
        expect(await refused(limits.consume('registration', 'a'))).toMatchObject({ code: 'limited' });
      });
      expect(said.join()).not.toContain('LIMITS_URL');
    });

    it('with noeviction, go on in the process for whom there is no room', async () => {
      await onServer('noeviction', async (limits, client) => {
        await fill(client);
        // Room for no more than a few words is left.
        for (let n = 0; n < 20_000; n++)
          if (
            await client.set(`taskledger:rest:${n}`, 'x'.repeat(100)).then(
              () => false,
              () => true,
            )
          )
            break;
        await limits.consume('registration', 'b', 2);
        expect(await refused(limits.consume('registration', 'b'))).toMatchObject({ code: 'limited' });
      });
    });

    it('that forgets, as a cache’s, are said to be forgotten, once, at the start', async () => {
      const said = await onServer('allkeys-lru', async (limits) => {
        await limits.consume('registration', 'a');
      });
      expect(said).toEqual([expect.stringMatching(/maxmemory-policy allkeys-lru.* noeviction in LIMITS_URL$/)]);
    });
  });

  describe('of two processes', () => {
    let server: Server;
    let [one, other]: Limits[] = [];
    const both = (): [Limits, Limits] => {
      if (!one || !other) throw new Error('not open');
      return [one, other];
    };

    beforeEach(async () => {
      server = await startRedis();
      [one, other] = await Promise.all([1, 2].map(() => openLimits(server.url, { registration: 2, hmac, patience: PATIENCE })));
    });
    afterEach(async () => {
      for (const limits of both()) await limits.close();
      await server.close();
    });

    it('are the same: what one took the other has not', async () => {
      const [a, b] = both();
      await a.consume('registration', 'a');
      await b.consume('registration', 'a');
      for (const limits of both()) expect(await refused(limits.consume('registration', 'a'))).toMatchObject({ code: 'limited' });
      await b.refund('registration', 'a');
      expect(await refused(a.consume('registration', 'a'))).toBeNull();
      await b.reset('registration', 'a');
      expect(await a.consume('registration', 'a')).toMatchObject({ RateLimit: '"registration";r=1;t=3600' });
    });

    it('are kept under hashed keys, which go by themselves', async () => {
      const [a] = both();
      await a.consume('registration', '192.0.2.1');
      const client = new Redis(server.url);
      expect(await client.keys('*')).toEqual(['taskledger:limit:registration:hash of limit:registration:192.0.2.1']);
      expect(await client.pttl('taskledger:limit:registration:hash of limit:registration:192.0.2.1')).toBeGreaterThan(3_500_000);
      await client.quit();
    });

    it('go on in each process while the server is dead, and together when it is back', async () => {
      const [a, b] = both();
      await a.consume('registration', 'a');
      await server.kill();
      for (const limits of [a, b]) {
        expect(await limits.consume('registration', 'a')).toMatchObject({ RateLimit: '"registration";r=1;t=3600' });
        await limits.consume('registration', 'a');
        expect(await refused(limits.consume('registration', 'a'))).toMatchObject({ code: 'limited' });
        await limits.refund('registration', 'a');
        expect(await refused(limits.consume('registration', 'a'))).toBeNull();
        await limits.reset('registration', 'a');
      }
      await server.restart();
      await vi.waitFor(
        async () => {
          for (const limits of both()) await limits.reset('registration', 'b');
          await a.consume('registration', 'b', 2);
          expect(await refused(b.consume('registration', 'b'))).toMatchObject({ code: 'limited' });
        },
        { timeout: 20_000 },
      );
    });

    it('go on while the server hangs', async () => {
      const a = await openLimits(server.url, { registration: 2, hmac });
      standStill(server.pid() ?? 0);
      for (const left of [1, 0]) expect(await a.consume('registration', 'a')).toMatchObject({ RateLimit: `"registration";r=${left};t=3600` });
      expect(await refused(a.consume('registration', 'a'))).toMatchObject({ code: 'limited' });
      await a.close();
    });
  });
});
