/**
 * The brief cache on Redis. The age of a text is counted by Redis from the moment at which its reader found none, before anything was looked up: a text
 * that is written late, by a slow process or after Redis stood still, is too old as soon as it is there. Where the server's clock was set back, a text
 * seems to come from the future, and counts for nothing.
 */
import type { Redis } from 'ioredis';
import { connectRedis } from '../../connections/redis/connection.ts';
import { BRIEF_MS, type BriefCache, type BriefCacheOptions, type BriefPlace } from '../brief-cache.ts';

/** Milliseconds for which a mark stays: longer than a text is good, with what a clock may be set by meanwhile. */
const MARKED_MS = 10_000;

/**
 * Reads a text. KEYS[1] is its key, the others its marks, ARGV[1] the milliseconds for which a text is good. Answers the time; then the text, or
 * nothing. Under a mark the time is 0, too: nothing is to be kept.
 */
const FIND = `
for at = 2, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 1 then return {'0'} end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local kept = redis.pcall('GET', KEYS[1])
if type(kept) == 'string' then
  local asked, text = kept:match('^(%d+) (.*)$')
  local age = asked and now - tonumber(asked)
  if age and age >= 0 and age < tonumber(ARGV[1]) then return {string.format('%.0f', now), text} end
end
return {string.format('%.0f', now)}`;

interface Finding {
  find(keys: number, ...rest: (string | number)[]): Promise<[time: string, text?: string]>;
}

/** Connects, without waiting for a Redis that cannot be reached. Error: ServerRefused. */
export async function openRedisBriefCache(url: string, options: BriefCacheOptions): Promise<BriefCache> {
  const redis = await connectRedis(url, { ...options, what: 'the cache of sessions' });
  const keyOf = (run: string, name: string) => `${run.slice(0, 8)}:brief:${name}`;

  async function find({ key, marks }: BriefPlace): Promise<{ asked: string; text?: string | undefined }> {
    const [asked, text] = await redis
      .ask((client, run) => finding(client).find(1 + marks.length, ...[key, ...marks].map((name) => keyOf(run, name)), BRIEF_MS))
      .catch((): [string] => ['0']);
    return { asked, text };
  }

  /** Keeps a text; nobody waits for it. */
  function keep(key: string, asked: string, text: string): void {
    redis.ask((client, run) => client.set(keyOf(run, key), `${asked} ${text}`, 'PX', BRIEF_MS)).catch(() => undefined);
  }

  return {
    async through(place, lookUp) {
      const { asked, text } = await find(place);
      if (text !== undefined) return text;
      const found = await lookUp();
      if (found !== null && asked !== '0') keep(place.key, asked, found);
      return found;
    },
    async mark(marks) {
      const setAll = (client: Redis, run: string) => Promise.all(marks.map((name) => client.set(keyOf(run, name), '', 'PX', MARKED_MS)));
      await redis.ask(setAll).catch(() => undefined);
    },
    close: redis.close,
  };
}

function finding(client: Redis): Finding {
  if (!('find' in client)) client.defineCommand('find', { lua: FIND });
  return client as unknown as Finding;
}
