/** A limit's counts in Redis, for all processes; while Redis does not answer, in this process. */
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { connectRedis, type RedisConnecting, type RedisConnection } from '../../../connections/redis/connection.ts';
import type { Counter, LimitPolicy } from '../counter.ts';

/**
 * Takes points. KEYS[1] is a count, ARGV the points to take, the seconds that the count stays and the points there are; answers the count as it
 * would then be, and the milliseconds left. In one step: points that are refused are not taken, and no more are given back than were taken.
 * A count stays no longer than its limit says, whatever happens to the server's clock.
 */
const TAKE = `
local cost, seconds, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
if cost < 0 then
  taken = math.max(taken + cost, 0)
  if left > 0 then redis.call('SET', KEYS[1], taken, 'KEEPTTL') end
  return {taken, math.max(left, 0)}
end
local more = taken + cost
if left <= 0 or left > 1000 * seconds then left = 1000 * seconds end
if more <= points then redis.call('SET', KEYS[1], more, 'PX', left) end
return {more, left}`;

/** A client as RateLimiterRedis uses it: every command goes through the connection, so that nothing waits. */
function storeClient(redis: RedisConnection): object {
  type Take = (args: (string | number)[]) => Promise<unknown>;
  return {
    rlflxIncr: ([key = '', ...args]: (string | number)[]) =>
      redis.ask((client) => {
        if (!('takeLimit' in client)) client.defineCommand('takeLimit', { numberOfKeys: 1, lua: TAKE });
        return (client as unknown as { takeLimit: Take }).takeLimit([key, ...args]);
      }),
    del: (key: string) => redis.ask((client) => client.del(key)),
  };
}

/** Makes the counter of a limit in Redis; `insurance` counts while Redis does not answer. */
export function redisCounter(redis: RedisConnection, name: string, { points, seconds }: LimitPolicy, insurance: Counter): Counter {
  const limiter = new RateLimiterRedis({ storeClient: storeClient(redis), points, duration: seconds, keyPrefix: `limit:${name}` });
  return {
    async consume(key, cost) {
      try {
        return { allowed: true, state: await limiter.consume(key, cost) };
      } catch (error) {
        return error instanceof RateLimiterRes ? { allowed: false, state: error } : insurance.consume(key, cost);
      }
    },
    refund: (key, cost) =>
      limiter.reward(key, cost).then(
        () => undefined,
        () => insurance.refund(key, cost),
      ),
    async reset(key) {
      await insurance.reset(key);
      await limiter.delete(key).catch(() => undefined);
    },
  };
}

/**
 * Connects. A Redis that cannot be reached is not waited for. One that gives up what it keeps where its memory ends is used, and the log says once what
 * that makes of limits. Error: ServerRefused.
 */
export function connectLimits(url: string, options: Omit<RedisConnecting, 'what' | 'variable' | 'evicting'>): Promise<RedisConnection> {
  let said = false;
  function evicting(policy: string): void {
    if (said) return;
    said = true;
    options.log.warn(
      { policy },
      `the limits are kept by a Redis that forgets them where its memory ends (maxmemory-policy ${policy}): whoever fills it, as with many different questions to its cache, has tries of passwords and codes again. Name one with the policy noeviction in LIMITS_URL`,
    );
  }
  return connectRedis(url, { what: 'the limits', variable: 'LIMITS_URL (or CACHE_URL, where that is not set)', evicting, ...options });
}
