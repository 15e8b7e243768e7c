/**
 * How a `*.server.test.ts` gets its servers. One of each runs for all files of a run, started when the first asks; each test takes a part of it
 * that nobody else has (a virtual host, a database). For what harms a server (kill, restart, pause) a test starts its own: `startRedis` and so on.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import * as ferretdb from './ferretdb.ts';
import * as rabbitmq from './rabbitmq.ts';
import * as redisServer from './redis.ts';
import { managementOf, type VirtualHosts } from './virtual-hosts.ts';

export { type FerretDb, startFerretDb } from './ferretdb.ts';
export { type RabbitMq, startRabbitMq } from './rabbitmq.ts';
export { startRedis } from './redis.ts';
export type { Server, ServerOptions } from './server.ts';

/** A server that the files of a run have in common. */
export interface ServerForTests {
  readonly name: string;
  /** Why it cannot run here; null where it can. */
  readonly missing: string | null;
  /** The URL of the common one; starts it where nobody has. Error: it does not start. */
  url(): Promise<string>;
}

/** What the setup tells of a server. */
interface Told {
  url: string;
  port: number;
  managementPort: number;
}

// To build FerretDB, where nobody has, takes a minute or two.
const START_MS = 300_000;
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

/** Redis. */
export const redis: ServerForTests & {
  /** The URL of an empty Redis that nobody else has: one of its own, which ends with the suite of `describeWith`. */
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

/** RabbitMQ. */
export const rabbitMq: ServerForTests & {
  /** The URL of a new, empty virtual host, which goes with the suite of `describeWith`; takes some 20 ms. */
  vhost(): Promise<string>;
  /** One request to the management API of the common RabbitMQ: see virtual-hosts.ts. */
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

/** FerretDB: the MongoDB protocol. */
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

/**
 * A suite that needs servers. They are started before its first test, and what it took of them goes after its last.
 * Where one is missing the suite is skipped and its title says why; with REQUIRE_SERVERS=1 it fails.
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
