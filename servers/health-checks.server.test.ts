/**
 * The health checks of docker-compose.yml, each as it is written there, against a real server of its kind: it passes while the server is well, and fails
 * once it is not. What differs from the container is the place: ports, folders and process ids, and programs under the names that the image has.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ALL_PARTS } from '../app/parts.ts';
import { openInstallation } from '../system/system.fixture.ts';
import { buildFerretDb } from './build-ferretdb.ts';
import { healthCommandOf, readComposeFile } from './compose-file.ts';
import { aclLines } from './first-start/acl.fixture.ts';
import { firstStart } from './first-start.ts';
import { describeWith, ferretDb, rabbitMq, redis, type ServerForTests, startRabbitMq, startRedis } from './for-tests.fixture.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './programs.ts';
import { missing as missingProxy, startProxy } from './proxy.ts';
import { folderFor, startServer } from './server.ts';
import { missing as missingVersityGw, startVersityGw } from './versitygw.ts';

/** A program that health checks use, as a server that may be missing. */
const program = (name: string, how: string): ServerForTests => ({
  name,
  missing: findProgram(name) ? null : `${name} is not installed (Debian: apt-get install ${how})`,
  url: async () => '',
});
const NEEDED = [
  redis,
  rabbitMq,
  ferretDb,
  { name: 'versitygw', missing: missingVersityGw(), url: async () => '' },
  { name: 'nginx', missing: missingProxy(), url: async () => '' },
  program('busybox', 'busybox'),
  program('nc', 'netcat-openbsd'),
];

/** The services whose servers cannot run here, so that nobody has seen their checks at work. */
const NOT_RUN = ['eventstore', 'mailpit'];
/** The services whose checks are run below. */
const RUN = ['rabbitmq', 'mongodb', 'redis', 'limits', 's3', 'proxy', ...ALL_PARTS];

const { services } = readComposeFile();
let bin: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'health-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rm(bin, { recursive: true });
});

/** Makes a command of this name, by a line of shell. */
async function command(name: string, line: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
  await chmod(join(bin, name), 0o755);
}

/**
 * Runs a service's check and answers its exit code. `places`: what stands for the texts of the container. Images of Alpine have the shell, wget and grep
 * of BusyBox, which know fewer options than others.
 */
async function healthOf(service: string, places: Readonly<Record<string, string>>): Promise<number> {
  const written = services[service];
  if (!written) throw new Error(`${service} is not in docker-compose.yml`);
  const moved = (word: string) => Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), word);
  const [first = '', ...words] = healthCommandOf(written)?.map(moved) ?? [];
  const isAlpine = written.image.endsWith('-alpine');
  if (isAlpine) for (const name of ['wget', 'grep']) await symlink(findProgram('busybox') ?? '', join(bin, name)).catch(() => {});
  const [file, args] = isAlpine && first === '/bin/sh' ? ['busybox', ['sh', ...words]] : [first, words];
  return new Promise((resolve, reject) => {
    execFile(file, args, { env: { PATH: `${bin}:${process.env.PATH}`, HOME: bin } }, (error) => {
      if (typeof error?.code === 'string') reject(error);
      else resolve(error ? Number(error.code ?? 255) : 0);
    });
  });
}

test('names each service that has one: those whose servers can run here, and those that cannot', () => {
  const checked = Object.entries(services).filter(([, service]) => healthCommandOf(service) !== null);
  expect(checked.map(([name]) => name).toSorted()).toEqual([...RUN, ...NOT_RUN].toSorted());
});

describeWith(NEEDED, 'a health check of docker-compose.yml', () => {
  test('finds Redis well without a password, by the user who may do nothing else', async () => {
    await firstStart([], { record: join(bin, 'record'), handedOut: bin });
    const server = await startRedis();
    ends.push(server.close);
    await command('valkey-cli', `exec redis-cli -p ${server.port} "$@"`);
    const client = new Redis(server.url, { enableReadyCheck: false });
    for (const [, name = '', ...rules] of aclLines(await readFile(join(bin, 'redis', 'users.acl'), 'utf8')).toReversed())
      await client.call('ACL', 'SETUSER', name, ...rules);
    expect(await healthOf('redis', {})).toBe(0);
    // The same check on the same image.
    expect(services.limits?.healthcheck).toEqual(services.redis?.healthcheck);
    await expect(client.get('any')).rejects.toThrow('NOPERM');
    client.disconnect();
    await server.kill();
    expect(await healthOf('redis', {})).not.toBe(0);
  });

  test('finds RabbitMQ well, and not once it is stopped', async () => {
    const server = await startRabbitMq();
    ends.push(server.close);
    const places = { '127.0.0.1:15672': `127.0.0.1:${server.managementPort}`, '127.0.0.1 5672': `127.0.0.1 ${server.port}` };
    expect(await healthOf('rabbitmq', places)).toBe(0);
    expect(await healthOf('rabbitmq', { ...places, '127.0.0.1 5672': `127.0.0.1 ${await freePort()}` })).not.toBe(0);
    await server.kill();
    expect(await healthOf('rabbitmq', places)).not.toBe(0);
  });

  test('finds MongoDB well once mongod itself listens, not while the entrypoint does', async () => {
    const port = await freePort();
    const place = await folderFor('mongod', undefined);
    const data = join(place.folder, 'data');
    await mkdir(data);
    await symlink(await buildFerretDb(), join(bin, 'mongod'));
    const server = await startServer({
      ...place,
      name: 'mongod',
      url: `mongodb://127.0.0.1:${port}`,
      port,
      command: [join(bin, 'mongod'), `127.0.0.1:${port}`, data],
      answers: async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect').finally(() => socket.destroy());
      },
    });
    ends.push(server.close);
    const places = { '27017': String(port), '/proc/1/': `/proc/${server.pid()}/` };
    expect(await healthOf('mongodb', places)).toBe(0);
    expect(await healthOf('mongodb', { ...places, '/proc/1/': `/proc/${process.pid}/` })).not.toBe(0);
    expect(await healthOf('mongodb', { ...places, '27017': String(await freePort()) })).not.toBe(0);
  });

  test('finds the S3 server well, and not once it is stopped, by the wget of its image', async () => {
    const server = await startVersityGw();
    ends.push(server.close);
    // The image is Alpine, which its tag does not say.
    await symlink(findProgram('busybox') ?? '', join(bin, 'wget'));
    const places = { '127.0.0.1:7070': new URL(server.endpoint).host };
    expect(await healthOf('s3', places)).toBe(0);
    await server.kill();
    expect(await healthOf('s3', places)).not.toBe(0);
  });

  test('finds each part well, and the proxy before it, and neither once they are stopped', async () => {
    const part = await openInstallation();
    ends.push(part.remove);
    const proxy = await startProxy({ gateway: [part.url()] });
    ends.push(proxy.stop);
    const places = { '127.0.0.1:3000': new URL(part.url()).host, '127.0.0.1:8080': new URL(proxy.url).host };
    // One check for all parts: it is run once.
    for (const name of ALL_PARTS) expect(services[name]?.healthcheck, name).toEqual(services.gateway?.healthcheck);
    for (const name of ['gateway', 'proxy']) expect([name, await healthOf(name, places)]).toEqual([name, 0]);
    await part.stop();
    expect(await healthOf('gateway', places)).not.toBe(0);
    await proxy.stop();
    ends.pop();
    expect(await healthOf('proxy', places)).not.toBe(0);
  });
});
