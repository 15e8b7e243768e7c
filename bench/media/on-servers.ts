/** Every part as a process of its own on servers, its files in a bucket, as docker-compose.yml has it. */
import { type Closers, openClosers } from '../../app/closers.ts';
import { startAllParts, startEventStoreDouble } from '../../servers/all-parts.ts';
import * as ferretdb from '../../servers/ferretdb.ts';
import * as proxy from '../../servers/proxy.ts';
import * as rabbitmq from '../../servers/rabbitmq.ts';
import * as redis from '../../servers/redis.ts';
import * as versitygw from '../../servers/versitygw.ts';
import { BENCH_ADMIN, MUCH } from './client.ts';
import { bucketForBench } from './s3.ts';

/** The reason why it cannot run here; null where it can. */
export function missingForAll(): string | null {
  return [rabbitmq, ferretdb, redis, versitygw, proxy].map((one) => one.missing()).find((reason) => reason !== null) ?? null;
}

/** Starts all of it; resolves to the port of the proxy before the parts. EventStoreDB is its double. */
export async function startOnServers(): Promise<{ port: number; stop(): Promise<void> }> {
  const closers = openClosers();
  try {
    const { url } = await startWith(closers);
    return { port: Number(new URL(url).port), stop: closers.closeAll };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function startWith({ add, closing }: Closers): Promise<{ url: string }> {
  const events = closing(await startEventStoreDouble());
  const bus = closing(await rabbitmq.startRabbitMq());
  const documents = closing(await ferretdb.startFerretDb());
  const cache = closing(await redis.startRedis());
  const bucket = closing(await bucketForBench());
  const all = startAllParts({
    ...MUCH,
    ...bucket.env,
    LOG_LEVEL: 'silent',
    ADMIN_EMAIL: BENCH_ADMIN.email,
    ADMIN_PASSWORD: BENCH_ADMIN.password,
    EVENT_STORE_URL: events.url,
    BUS_URL: bus.url,
    READ_MODELS_URL: `${documents.url}read_models`,
    SECRETS_URL: `${documents.url}secrets`,
    CACHE_URL: cache.url,
  });
  return add(await all, (it) => it.stop());
}
