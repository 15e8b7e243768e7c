/** A person who is erased, on servers: what is left of them is in no file of the installation or of a server. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ERASURE_STEP_NAMES } from '../contracts/erasure.ts';
import {
  describeWith,
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
import { certified, ERASURE_PATIENCE, erase, verified, worked, wrongIn } from './erased-person.fixture.ts';
import { searchFiles } from './erasure-search.fixture.ts';
import { type StoreServer, startStoreServer } from './store-server.fixture.ts';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

/** The servers that keep something of a person, each on a folder of its own below one. */
interface Servers {
  folder: string;
  redis: Server;
  rabbitMq: Server;
  ferretDb: Server;
  s3: Server;
  events: StoreServer;
  close(): Promise<void>;
}

/** Starts them below a folder, which goes with them. */
async function startServers(): Promise<Servers> {
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
async function saved({ url }: Server): Promise<void> {
  const client = new Redis(url);
  try {
    await client.config('SET', 'rdbcompression', 'no');
    await client.save();
  } finally {
    client.disconnect();
  }
}

/** They must be there, and are not shared: what is in their files is looked at. */
const OWN = [rabbitMq, ferretDb, redis, versityGw].map(({ name, missing }) => ({ name, missing, url: async () => '' }));

/**
 * Ends FerretDB, and folds the write-ahead logs of its SQLite files, whose pages it writes over by the thousand: until then they have what the files have not
 * any more, as every server's journal does for a while.
 */
async function folded({ folder, stop }: Server): Promise<void> {
  await stop();
  for (const name of readdirSync(join(folder, 'data')).filter((one) => one.endsWith('.sqlite'))) {
    const db = new DatabaseSync(join(folder, 'data', name));
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  }
}

describeWith(OWN, 'a person who is erased, on servers', () => {
  let servers: Servers;
  let system: Installation;
  beforeAll(async () => {
    servers = await startServers();
    system = await openInstallation({
      ...UNLIMITED,
      ADMIN_EMAIL: ADMIN.email,
      EVENT_STORE_URL: `esdb://127.0.0.1:${servers.events.port}?tls=false`,
      BUS_URL: servers.rabbitMq.url,
      CACHE_URL: servers.redis.url,
      READ_MODELS_URL: `${servers.ferretDb.url}models`,
      SECRETS_URL: `${servers.ferretDb.url}secrets`,
      FILES_URL: servers.s3.url,
      S3_ACCESS_KEY: S3_ACCOUNT.accessKey,
      S3_SECRET_KEY: S3_ACCOUNT.secretKey,
    });
  }, 900_000);
  afterAll(async () => {
    await system?.remove();
    await servers?.close();
  });

  const found = async (texts: readonly string[]) => {
    await saved(servers.redis);
    return searchFiles([system.dataDir, servers.folder], texts);
  };

  it('is in no file of any server any more, and nothing of others is lost; the certificate says so, and is verified', {
    timeout: 900_000,
  }, async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts, tasks, order } = await worked(system, 'Ann', ben);
    const { body: kept } = await ben.ok('POST /api/tasks', { title: 'Ferns of Ben', userId: ben.id });
    // Asked for and kept in the cache, as by a page that shows them.
    for (const path of [`/api/tasks/${tasks[0]}`, '/api/tasks?limit=100', '/api/users?limit=100', `/api/orders/${order}`])
      await expect.poll(async () => (await system.admin.call(`GET ${path}`)).status, ERASURE_PATIENCE).toBe(200);
    // What the search finds before the erasure is what it must not find afterwards.
    const before = await found(texts);
    const folders = ['redis', 'ferretdb', 's3'].filter((name) => before.some(({ file }) => file.startsWith(join(servers.folder, name))));
    expect(folders).toEqual(['redis', 'ferretdb', 's3']);

    const asked = await erase(ann);
    expect([200, 202], asked.text).toContain(asked.status);
    const certificate = await certified(system, ann);
    expect(certificate.steps.map(({ step }) => step)).toEqual(ERASURE_STEP_NAMES);
    expect(Object.fromEntries(certificate.steps.map(({ step, where }) => [step, where]))).toMatchObject({
      keys: 'mongodb',
      'read-models': 'mongodb',
      caches: 'redis',
      files: 's3',
      outbox: 'outbox',
    });
    const { body: task } = await ben.ok(`GET /api/tasks/${tasks[0]}`);
    expect(task).toMatchObject({ title: '[erased]', description: '[erased]', comments: [{ text: '[erased]' }] });
    await expect.poll(async () => (await ben.ok(`GET /api/tasks/${tasks[1]}`)).body, ERASURE_PATIENCE).toMatchObject({ assignee: null });
    expect((await ben.ok(`GET /api/tasks/${kept.id}`)).body.title).toBe('Ferns of Ben');

    const checked = await verified(system.env, certificate);
    expect([wrongIn(checked), checked.code], checked.stdout).toEqual([[], 0]);
    await system.stop();
    await folded(servers.ferretDb);
    expect(await found(texts)).toEqual([]);
  });
});
