/** Servers of a test alone, whose files are searched for what is left of a person. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import {
  ferretDb,
  rabbitMq,
  redis,
  S3_ACCOUNT,
  type Server,
  startFerretDb,
  startRabbitMq,
  startRedis,
  startS3Server,
  versityGw,
} from '../servers/for-tests.fixture.ts';
import { searchFiles } from './erasure-search.fixture.ts';
import { type StoreServer, startStoreServer } from './store-server.fixture.ts';

/** The servers that keep something of a person, each on a folder of its own below one. */
export interface ErasureServers {
  folder: string;
  redis: Server;
  rabbitMq: Server;
  ferretDb: Server;
  s3: Server;
  events: StoreServer;
  close(): Promise<void>;
}

/** Starts them below a folder, which goes with them. */
export async function startErasureServers(): Promise<ErasureServers> {
  const folder = mkdtempSync(join(tmpdir(), 'erasure-servers-'));
  const started: { kill(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(started.map((server) => server.kill()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const begun = async <S extends { kill(): Promise<void> }>(starting: Promise<S>): Promise<S> => {
    const server = await starting;
    started.push(server);
    return server;
  };
  const at = (name: string) => ({ folder: join(folder, name) });
  try {
    // RabbitMQ first, by itself: on a machine that has other work it takes its time.
    const broker = await begun(startRabbitMq(at('rabbitmq')));
    const cache = await begun(startRedis(at('redis')));
    const mongo = await begun(startFerretDb(at('ferretdb')));
    const s3 = await begun(startS3Server(at('s3')));
    const events = await begun(startStoreServer(folder));
    return { folder, redis: cache, rabbitMq: broker, ferretDb: mongo, s3, events, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Has Redis write all that it holds to its folder, as it is. */
async function savedByRedis({ url }: Server): Promise<void> {
  const client = new Redis(url);
  try {
    await client.config('SET', 'rdbcompression', 'no');
    await client.save();
  } finally {
    client.disconnect();
  }
}

/** The places of texts in the files of an installation's folder and of its servers, with what Redis has in memory. */
export async function foundOnServers(servers: ErasureServers, dataDir: string, texts: readonly string[]): ReturnType<typeof searchFiles> {
  await savedByRedis(servers.redis);
  return searchFiles([dataDir, servers.folder], texts);
}

/** They must be there, and are not shared: what is in their files is looked at. */
export const OWN_SERVERS = [rabbitMq, ferretDb, redis, versityGw].map(({ name, missing }) => ({ name, missing, url: async () => '' }));

/**
 * Ends FerretDB, and folds the write-ahead logs of its SQLite files, whose pages it writes over by the thousand: until then they have what the files have not
 * any more, as every server's journal does for a while.
 */
export async function foldedByFerretDb({ folder, stop }: Server): Promise<void> {
  await stop();
  for (const name of readdirSync(join(folder, 'data')).filter((one) => one.endsWith('.sqlite'))) {
    const db = new DatabaseSync(join(folder, 'data', name));
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  }
}

/** The variables that name them. */
export function erasureServersEnv({ events, rabbitMq: bus, redis: cache, ferretDb: mongo, s3 }: ErasureServers): Record<string, string> {
  return {
    EVENT_STORE_URL: `esdb://127.0.0.1:${events.port}?tls=false`,
    BUS_URL: bus.url,
    CACHE_URL: cache.url,
    READ_MODELS_URL: `${mongo.url}models`,
    SECRETS_URL: `${mongo.url}secrets`,
    FILES_URL: s3.url,
    S3_ACCESS_KEY: S3_ACCOUNT.accessKey,
    S3_SECRET_KEY: S3_ACCOUNT.secretKey,
  };
}
