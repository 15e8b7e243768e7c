/**
 * The servers of `*.server.test.ts`. One of each runs for all files of a run, started when the first file asks; each test takes a part of it that
 * no other has (a virtual host, a database). A test that harms a server (kill, restart, pause) starts its own: `startRedis` and so on.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import * as clamdServer from './clamd.ts';
import * as ferretdb from './ferretdb.ts';
import * as rabbitmq from './rabbitmq.ts';
import * as redisServer from './redis.ts';
import * as s3Server from './s3-server.ts';
import { managementOf, type VirtualHosts } from './virtual-hosts.ts';

export { type Clamd, INFECTION, startClamd } from './clamd.ts';
export { type FerretDb, startFerretDb } from './ferretdb.ts';
export { type RabbitMq, startRabbitMq } from './rabbitmq.ts';
export { startRedis } from './redis.ts';
export { S3_ACCOUNT, type S3Server, startS3Server } from './s3-server.ts';
export type { Server, ServerOptions } from './server.ts';

/** A server that the files of a run share. */
export interface ServerForTests {
  readonly name: string;
  /** The reason why the server cannot run here; null where it can. */
  readonly missing: string | null;
  /** The URL of the shared server, which is started first where it does not run yet. Error: it does not start. */
  url(): Promise<string>;
}

/** A server as for-tests-setup.ts tells of it. */
interface Told {
  url: string;
  port: number;
  managementPort: number;
  kind: s3Server.S3Server['kind'];
}

// Building FerretDB or versitygw, where they are not built yet, takes minutes.
const START_MS = 900_000;
const ends: (() => Promise<unknown>)[] = [];
const asked = new Map<string, Promise<Told>>();

function ask(name: string): Promise<Told> {
  const known = asked.get(name);
  if (known) return known;
  const told = fetch(`${inject('servers')}/${name}`).then(async (answer) => {
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Told;
  });
  asked.set(name, told);
  return told;
}

const urlOf = (name: string) => async () => (await ask(name)).url;

/** The Redis for tests. */
export const redis: ServerForTests & {
  /** Starts an empty Redis for the caller alone and answers its URL; it ends with the suite of `describeWith`. */
  database(): Promise<string>;
} = {
  name: 'redis',
  missing: redisServer.missing(),
  url: urlOf('redis'),
  async database() {
    const server = await redisServer.startRedis();
    ends.push(server.close);
    return server.url;
  },
};

/** The RabbitMQ for tests. */
export const rabbitMq: ServerForTests & {
  /** Makes an empty virtual host and answers its URL; it goes with the suite of `describeWith`. Takes some 20 ms. */
  vhost(): Promise<string>;
  /** Sends a request to the management API of the shared RabbitMQ: see virtual-hosts.ts. */
  api: VirtualHosts['api'];
} = {
  name: 'rabbitmq',
  missing: rabbitmq.missing(),
  url: urlOf('rabbitmq'),
  async vhost() {
    const hosts = await virtualHosts();
    const url = await hosts.vhost();
    ends.push(() => hosts.dropVhost(url));
    return url;
  },
  api: async (method, path, body) => (await virtualHosts()).api(method, path, body),
};

async function virtualHosts(): Promise<VirtualHosts> {
  const { port, managementPort } = await ask('rabbitmq');
  return managementOf(port, managementPort);
}

/** The FerretDB for tests, which speaks MongoDB's protocol. */
export const ferretDb: ServerForTests & {
  /** The URL of a database that does not exist yet. */
  database(): Promise<string>;
} = {
  name: 'ferretdb',
  missing: ferretdb.missing(),
  url: urlOf('ferretdb'),
  async database() {
    const { port } = await ask('ferretdb');
    return `mongodb://127.0.0.1:${port}/test_${randomUUID().replaceAll('-', '')}`;
  },
};

/** The clamd for tests, of which each test starts its own: `startClamd`. */
export const clamd: ServerForTests = { name: 'clamd', missing: clamdServer.missing(), url: async () => '' };

/** The S3 server for tests: versitygw, or SeaweedFS where that cannot be built. Its account is `S3_ACCOUNT`. */
export const versityGw: ServerForTests & {
  /** The FILES_URL of a bucket that does not exist yet. */
  bucket(): Promise<string>;
  /** Resolves to the program that runs, for tests to skip what it has not. */
  kind(): Promise<s3Server.S3Server['kind']>;
} = {
  name: 'versitygw',
  missing: s3Server.missing(),
  url: urlOf('versitygw'),
  async bucket() {
    const { port } = await ask('versitygw');
    return `s3://test-${randomUUID()}?endpoint=http://127.0.0.1:${port}&pathStyle=1`;
  },
  kind: async () => (await ask('versitygw')).kind,
};

/**
 * Declares a suite that needs servers. They are started before its first test, and the suite's parts of them go after its last.
 * Where a server is missing the suite is skipped and its title says why; with REQUIRE_SERVERS=1 it fails.
 */
export function describeWith(servers: ServerForTests | ServerForTests[], title: string, suite: () => void): void {
  const all = [servers].flat();
  const missing = all.flatMap((server) => server.missing ?? []).join('; ');
  if (missing && !process.env.REQUIRE_SERVERS) return void describe.skip(`${title} (skipped: ${missing})`, suite);
  describe(title, () => {
    if (missing)
      return void test('has its servers', () => {
        throw new Error(missing);
      });
    beforeAll(async () => void (await Promise.all(all.map((server) => server.url()))), START_MS);
    afterAll(async () => void (await Promise.all(ends.splice(0).map((end) => end()))));
    suite();
  });
}
