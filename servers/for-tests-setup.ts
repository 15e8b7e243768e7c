/** Vitest's global setup: the servers that the files of a run share, each started when the first file asks for it, and ended with the run. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { startFerretDb } from './ferretdb.ts';
import { startRabbitMq } from './rabbitmq.ts';
import { startRedis } from './redis.ts';
import { startS3Server } from './s3-server.ts';
import type { Server } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL at which a test process asks for a server: GET <servers>/<name>. */
    servers: string;
  }
}

const starts: Record<string, () => Promise<Server>> = {
  redis: () => startRedis(),
  rabbitmq: () => startRabbitMq(),
  ferretdb: () => startFerretDb(),
  versitygw: () => startS3Server(),
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<Server>>();
  const start = (name: string): Promise<Server> => {
    const known = started.get(name);
    if (known) return known;
    const begun = starts[name]?.() ?? Promise.reject(new Error(`there is no server ${name}`));
    started.set(name, begun);
    return begun;
  };

  const secret = randomUUID();
  const desk = createServer((request, response) => {
    const [, key, name = ''] = (request.url ?? '').split('/');
    if (key !== secret) return void response.writeHead(404).end();
    start(name).then(
      (server) => response.end(JSON.stringify(server)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  desk.listen(0, '127.0.0.1');
  await once(desk, 'listening');
  project.provide('servers', `http://127.0.0.1:${(desk.address() as AddressInfo).port}/${secret}`);

  return async () => {
    desk.close();
    desk.closeAllConnections();
    const all = await Promise.allSettled(started.values());
    await Promise.all(all.map((one) => one.status === 'fulfilled' && one.value.close()));
  };
}
