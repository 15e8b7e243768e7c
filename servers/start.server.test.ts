import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { afterEach, expect, test, vi } from 'vitest';
import { firstAnswer } from './answering.ts';
import { describeWith, ferretDb, rabbitMq, redis } from './for-tests.fixture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Runs `npm run servers` and waits until it is ready; its temporary folders are made in `folder`. */
async function start(...options: string[]): Promise<{ npm: ChildProcess; variables: Record<string, string>; lines: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'npm-run-servers-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const { npm_lifecycle_event: _, ...env } = process.env;
  const npm = spawn('npm', ['run', '--silent', 'servers', '--', ...options], {
    cwd: ROOT,
    // npm keeps its compiled code in the temporary folder, too, unless told otherwise.
    env: { ...env, TMPDIR: folder, NODE_DISABLE_COMPILE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  ends.push(() => {
    if (npm.exitCode === null && npm.signalCode === null) process.kill(-(npm.pid ?? 0), 'SIGKILL');
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: npm.stdout })) {
    lines.push(line);
    if (line.startsWith('# ready')) return { npm, variables: parseEnv(lines.join('\n')) as Record<string, string>, lines: lines.join('\n'), folder };
  }
  throw new Error(`npm run servers ended: ${lines.join('\n')}`);
}

/** The ports of the servers that variables name; that of an S3 server stands in its bucket's URL. */
const ports = (variables: Record<string, string>) =>
  Object.values(variables)
    .filter((value) => URL.canParse(value))
    .map((value) => Number(new URL(new URL(value).searchParams.get('endpoint') ?? value).port));
/** Those of these ports on which a server still listens. */
async function listening(among: number[]): Promise<number[]> {
  const answers = await Promise.allSettled(among.map((port) => firstAnswer(port, '')));
  return among.filter((_, at) => !String((answers[at] as PromiseRejectedResult).reason).includes('ECONNREFUSED'));
}

describeWith([rabbitMq, ferretDb, redis], 'npm run servers', () => {
  test('prints the variables of servers that answer, and stops all of them at Ctrl-C', async () => {
    const { npm, variables, folder } = await start();
    expect(Object.keys(variables).sort()).toEqual([
      'BUS_URL',
      'CACHE_URL',
      'FILES_URL',
      'READ_MODELS_URL',
      'S3_ACCESS_KEY',
      'S3_SECRET_KEY',
      'SECRETS_URL',
    ]);
    const { BUS_URL = '', CACHE_URL = '', READ_MODELS_URL = '', SECRETS_URL = '' } = variables;
    expect(READ_MODELS_URL).not.toBe(SECRETS_URL);

    await (await connect(BUS_URL)).close();
    for (const url of [READ_MODELS_URL, SECRETS_URL]) {
      const client = await new MongoClient(url).connect();
      await client.db().collection('a').insertOne({ n: 1 });
      await client.close();
    }
    const cache = new Redis(CACHE_URL);
    expect(await cache.ping()).toBe('PONG');
    cache.disconnect();

    // As a terminal does it: every process in the foreground gets the signal.
    process.kill(-(npm.pid ?? 0), 'SIGINT');
    const [code, signal] = await once(npm, 'exit');
    expect([code, signal]).toEqual([0, null]);
    expect(await listening(ports(variables))).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('with --all starts all parts and the proxy too, on servers that work, and leaves nothing behind', { timeout: 180_000 }, async () => {
    const { npm, lines, folder } = await start('--all');
    const [, url = ''] = /^# all of it: (\S+)$/m.exec(lines) ?? [];
    const [, email = '', password = ''] = /^# The first admin is (\S+) with the password (\S+) /m.exec(lines) ?? [];
    const json = { 'content-type': 'application/json' };
    const { accessToken } = await (
      await fetch(`${url}/api/login`, { method: 'POST', headers: json, body: JSON.stringify({ email, password }) })
    ).json();
    const headers = { ...json, authorization: `Bearer ${accessToken}` };
    const chosen = { method: 'PUT', headers, body: JSON.stringify({ current: password, new: 'three lamps and a ladder' }) };
    expect((await fetch(`${url}/api/me/password`, chosen)).status).toBe(204);
    const made = await fetch(`${url}/api/tasks`, { method: 'POST', headers, body: '{"title":"Lamp"}' });
    expect(made.status).toBe(201);
    const after = { ...headers, 'read-after': made.headers.get('position') ?? '' };
    // On a busy machine the first one of all takes longer than a query waits, which then asks the client to try again.
    await vi.waitFor(async () => {
      expect(await (await fetch(`${url}/api/tasks`, { headers: after })).json()).toMatchObject({ items: [{ title: 'Lamp' }] });
    });
    expect(await (await fetch(/^# RabbitMQ shows itself at (\S+) /m.exec(lines)?.[1] ?? '')).text()).toContain('RabbitMQ');
    process.kill(-(npm.pid ?? 0), 'SIGINT');
    expect(await once(npm, 'exit')).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('stops them when its npm is killed', async () => {
    const { npm, variables, folder } = await start();
    npm.kill('SIGKILL');
    await vi.waitFor(async () => expect(await listening(ports(variables))).toEqual([]), 20_000);
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]), 20_000);
  });
});
