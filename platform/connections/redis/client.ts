/** Our clients of Redis: no command waits for a connection, none is sent again, and a lost connection is made anew. */
import { Redis, type RedisOptions } from 'ioredis';
import { ServerRefused } from '../reach.ts';

/** Milliseconds after which a command that no caller gave up is given up, and with it the connection. */
const COMMAND_MS = 1_000;
const CONNECT_MS = 1_000;
/** Milliseconds that a server has to close the connection; one that hangs never does. */
const GOODBYE_MS = 100;
const LONGEST_PAUSE = 500;
/** The beginning of all our keys. */
export const PREFIX = 'taskledger:';

const OPTIONS: RedisOptions = {
  lazyConnect: true,
  keyPrefix: PREFIX,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  // ioredis's own check writes to the console; connection.ts greets the server itself.
  enableReadyCheck: false,
  disableClientInfo: true,
  connectTimeout: CONNECT_MS,
  disconnectTimeout: GOODBYE_MS,
  keepAlive: 10_000,
  retryStrategy: (times) => Math.min(25 * 2 ** times, LONGEST_PAUSE),
};

/**
 * Makes a client that is not connected yet; its commands have at least `patience` ms. The caller listens to its `error`. Error: ServerRefused,
 * where the URL is not one of Redis; it names `variable`, where the URL came from.
 */
export function redisClient(url: string, patience = 0, variable = 'CACHE_URL'): Redis {
  if (!/^rediss?:\/\/[^/]/.test(url) || !URL.canParse(url))
    throw new ServerRefused(`${variable} is not a URL of Redis, as redis://user:password@host:6379/0`);
  return new Redis(url, { ...OPTIONS, commandTimeout: Math.max(COMMAND_MS, patience) });
}

/** Ends a client. Resolves when its connection is closed and each of its commands is settled. */
export async function endClient(client: Redis): Promise<void> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  client.once('end', resolve);
  // Between two connections no `end` comes.
  const late = setTimeout(resolve, 2 * GOODBYE_MS);
  client.disconnect();
  await ended;
  clearTimeout(late);
}
