import { expect, test, vi } from 'vitest';
import { openCache } from '../../platform/cache/open.ts';
import { PATIENT } from '../../platform/cache/redis/redis.fixture.ts';
import { describeWith, redis } from '../../servers/for-tests.fixture.ts';
import type { SessionOwner } from './callers.ts';
import { openSharedLookUps } from './shared-look-ups.ts';

const OWNER: SessionOwner = { userId: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'member', confirmed: true };

describeWith(redis, 'two processes that share look-ups through Redis', () => {
  test('see what the other one looked up, and an end where it was told and where it was not', async () => {
    const url = await redis.database();
    const caches = [await openCache(url, PATIENT), await openCache(url, PATIENT)] as const;
    let isAlive = true;
    const lookUp = async () => (isAlive ? OWNER : null);
    let asked = 0;
    const counted = async () => {
      asked++;
      return lookUp();
    };
    const one = openSharedLookUps({ cache: caches[0], lookUp, hmac: (text) => text });
    const other = openSharedLookUps({ cache: caches[1], lookUp: counted, hmac: (text) => text });
    await vi.waitFor(async () => {
      await one.lookUp('told');
      const before = asked;
      expect(await other.lookUp('told')).toEqual(OWNER);
      expect(asked).toBe(before);
    });
    await one.lookUp('untold');
    isAlive = false;
    await one.ended('told');
    expect(await other.lookUp('told')).toBeNull();
    await vi.waitFor(async () => expect(await other.lookUp('untold')).toBeNull());
    await Promise.all(caches.map((cache) => cache.close()));
  });
});
