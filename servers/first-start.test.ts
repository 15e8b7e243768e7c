import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../app/config.ts';
import { ALL_PARTS, needsOf, problemsAlone, unusedBy } from '../app/parts.ts';
import { TOLD_SERVICES } from './first-start/hand-out.ts';
import { readVariables } from './first-start/record.ts';
import { firstStart } from './first-start.ts';

const RECORD = ['limits.env', 'mongodb.env', 'mongodb.key', 'parts.env', 'rabbitmq.env', 'redis.env', 's3.env', 'users.env'];
const PROGRAM = fileURLToPath(new URL('first-start.ts', import.meta.url));

let root: string;
let record: string;
let handedOut: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'first-start-'));
  [record, handedOut] = [join(root, 'record'), join(root, 'handed-out')];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const start = (...words: string[]) => firstStart(words, { record, handedOut });
const run = (env: Record<string, string> = {}, ...words: string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...words], {
    encoding: 'utf8',
    env: { PATH: '', RECORD_FOLDER: record, HANDED_OUT_FOLDER: handedOut, ...env },
  });
const contents = (folder: string) => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const allHandedOut = () => Object.fromEntries(TOLD_SERVICES.map((name) => [name, contents(join(handedOut, name))]));
const of = (name: string) => join(handedOut, name);

describe('the first start', () => {
  it('makes everything but a password of the first admin; the second changes and prints nothing', () => {
    const first = run();
    expect(first.stdout).toBe('The secrets are made. The gateway prints the password of the first admin, once.\n');
    expect([first.status, first.stderr]).toEqual([0, '']);
    const [made, given] = [contents(record), allHandedOut()];
    expect(Object.keys(made).toSorted()).toEqual(RECORD);
    expect(JSON.stringify([made, given])).not.toContain('ADMIN_PASSWORD');
    const second = run({ ADMIN_PASSWORD: 'another one entirely', ADMIN_EMAIL: 'other@example.org' });
    expect([second.status, second.stdout, second.stderr]).toEqual([0, '', '']);
    expect([contents(record), allHandedOut()]).toEqual([made, given]);
  });

  it('gives files that only their owner reads and nobody changes', async () => {
    process.umask(0);
    await start();
    for (const name of RECORD) expect(statSync(join(record, name)).mode & 0o777, name).toBe(0o400);
    expect(statSync(record).mode & 0o777).toBe(0o700);
    // Servers are other users than the one that writes; nobody else mounts what is theirs.
    const servers = ['rabbitmq', 'mongodb', 'redis', 'limits', 's3'];
    for (const name of TOLD_SERVICES) {
      const modes = [of(name), ...readdirSync(of(name)).map((file) => join(of(name), file))].map((path) => statSync(path).mode & 0o777);
      expect(modes, name).toEqual(servers.includes(name) ? [0o755, ...modes.slice(1).map(() => 0o444)] : [0o700, 0o400]);
    }
  });

  it('tells each service its own passwords and nobody else’s', async () => {
    await start();
    const secretOf: Record<string, string> = Object.assign(
      {},
      ...(await Promise.all(RECORD.filter((name) => name.endsWith('.env')).map((name) => readVariables(record, name)))),
    );
    const knowing = (name: string) =>
      TOLD_SERVICES.filter((receiver) => Object.values(contents(of(receiver))).some((text) => text.includes(secretOf[name] ?? 'none'))).toSorted();
    const needing = (need: string) => ALL_PARTS.filter((part) => (needsOf([part]) as ReadonlySet<string>).has(need));
    expect({
      MONGO_INITDB_ROOT_PASSWORD: knowing('MONGO_INITDB_ROOT_PASSWORD'),
      MONGODB_READ_MODELS_PASSWORD: knowing('MONGODB_READ_MODELS_PASSWORD'),
      MONGODB_SECRETS_PASSWORD: knowing('MONGODB_SECRETS_PASSWORD'),
      JWT_SECRET: knowing('JWT_SECRET'),
      RABBITMQ_DEFAULT_PASS: knowing('RABBITMQ_DEFAULT_PASS'),
      // RabbitMQ and Redis have hashes.
      RABBITMQ_OPERATOR_PASSWORD: knowing('RABBITMQ_OPERATOR_PASSWORD'),
      REDISCLI_AUTH: knowing('REDISCLI_AUTH'),
      LIMITS_PASSWORD: knowing('LIMITS_PASSWORD'),
      ROOT_SECRET_KEY: knowing('ROOT_SECRET_KEY'),
    }).toEqual({
      MONGO_INITDB_ROOT_PASSWORD: ['mongodb', 'mongodb-first-start'],
      MONGODB_READ_MODELS_PASSWORD: ['mongodb-first-start', ...needing('readModels')].toSorted(),
      MONGODB_SECRETS_PASSWORD: ['mongodb-first-start', ...needing('personKeys')].toSorted(),
      JWT_SECRET: needing('secrets').toSorted(),
      RABBITMQ_DEFAULT_PASS: needing('bus').toSorted(),
      RABBITMQ_OPERATOR_PASSWORD: [],
      REDISCLI_AUTH: needing('cache').toSorted(),
      LIMITS_PASSWORD: needing('secrets').toSorted(),
      ROOT_SECRET_KEY: ['media', 's3'],
    });
    expect(needing('secrets')).not.toContain('projections');
    expect(needing('personKeys')).not.toContain('forwarder');
    const all = Object.entries(secretOf).flatMap(([name, value]) => (/PASS|AUTH|SECRET|KEY/.test(name) ? [value] : []));
    expect(new Set(all).size).toBe(all.length);
    for (const one of all) expect(one.length).toBeGreaterThanOrEqual(16);
  });

  it('makes what every part needs to run as a process of its own', async () => {
    await start();
    // The variables that docker-compose.yml gives to every part.
    const compose = {
      EVENT_STORE_URL: 'esdb://eventstore:2113?tls=false',
      PUBLIC_URL: 'http://localhost:8080',
      FILES_URL: 's3://files?endpoint=http://s3:7070',
    };
    for (const part of ALL_PARTS) {
      const given = { ...(await readVariables(of(part), 'parts.env')), ...compose };
      expect(problemsAlone(part, readConfig(given, unusedBy(part)))).toEqual([]);
    }
  });

  it('mends what an earlier release made: no password of the admin stays, users are made, and what was everybody’s is each one’s', async () => {
    await start();
    for (const name of ['users.env', 'limits.env']) rmSync(join(record, name));
    const parts = join(record, 'parts.env');
    chmodSync(parts, 0o600);
    writeFileSync(parts, `${readFileSync(parts, 'utf8')}ADMIN_PASSWORD='correct horse battery'\nBUS_URL='amqp://taskledger:x@rabbitmq:5672'\n`);
    mkdirSync(of('forwarder'), { recursive: true });
    writeFileSync(join(of('forwarder'), 'mongodb.env'), 'all of it');
    expect(await start()).toBe('');
    expect(contents(record)['parts.env']).not.toContain('ADMIN_PASSWORD');
    expect(statSync(parts).mode & 0o777).toBe(0o400);
    expect(Object.keys(contents(record)).toSorted()).toEqual(RECORD);
    expect(readdirSync(of('forwarder'))).toEqual(['parts.env']);
    const { RABBITMQ_DEFAULT_PASS } = await readVariables(record, 'rabbitmq.env');
    expect((await readVariables(of('forwarder'), 'parts.env')).BUS_URL).toBe(`amqp://taskledger:${RABBITMQ_DEFAULT_PASS}@rabbitmq:5672`);
  });

  it.each(['rabbitmq', 'redis', 'limits', 's3', 'users'])('makes the secrets of %s anew where it is told to, and no others', async (name) => {
    await start();
    const [before, given] = [contents(record), JSON.stringify(allHandedOut())];
    const rotated = run({}, 'rotate', name);
    expect([rotated.status, rotated.stderr]).toEqual([0, '']);
    expect(rotated.stdout).toContain('docker compose up -d --force-recreate');
    const after = contents(record);
    expect(Object.keys(after).filter((file) => after[file] !== before[file])).toEqual([`${name}.env`]);
    expect(JSON.stringify(allHandedOut())).not.toBe(given);
  });

  it.each([['rotate'], ['rotate', 'mongodb'], ['rotate', 'toString'], ['rotate', '../x'], ['rotate', 'redis', 'x'], ['help']])(
    'refuses the words %s %s %s',
    (...words) => {
      run();
      const before = contents(record);
      const refused = run({}, ...words.filter((word) => word !== undefined));
      expect([refused.status, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringMatching(/^taskledger: .*rotate.*rabbitmq.*\n$/)]);
      expect(contents(record)).toEqual(before);
    },
  );

  it('takes the operator’s own address, and no password: that would be kept in clear', async () => {
    expect(run({ ADMIN_EMAIL: 'ops@example.org', ADMIN_PASSWORD: 'correct horse "battery" $1' }).status).toBe(0);
    expect((await readVariables(of('gateway'), 'parts.env')).ADMIN_EMAIL).toBe('ops@example.org');
    expect(JSON.stringify([contents(record), allHandedOut()])).not.toContain('battery');
  });

  it.each(['nobody', "it's@example.org"])(
    'refuses the address %s that no part would start with, or that it could not write down, and makes nothing',
    (address) => {
      const refused = run({ ADMIN_EMAIL: address });
      expect([refused.status, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringMatching(/^taskledger: ADMIN_EMAIL must .*\n$/)]);
      expect(run().stdout).toContain('The secrets are made.');
    },
  );

  it('is read the same by a shell and by Node', () => {
    run({ ADMIN_EMAIL: 'o#$HOME`id`ps@example.org' });
    const file = join(of('gateway'), 'parts.env');
    const names =
      'const {JWT_SECRET, ADMIN_EMAIL, BUS_URL, READ_MODELS_URL} = process.env; console.log([JWT_SECRET, ADMIN_EMAIL, BUS_URL, READ_MODELS_URL])';
    const options = { encoding: 'utf8', env: {} } as const;
    const byNode = spawnSync(process.execPath, [`--env-file=${file}`, '-e', names], options);
    const byShell = spawnSync('/bin/sh', ['-c', 'set -a; . "$0"; exec "$1" -e "$2"', file, process.execPath, names], options);
    expect(byNode.stdout).toContain('o#$HOME`id`ps@example.org');
    expect(byShell.stdout).toBe(byNode.stdout);
  });

  it('goes on where an earlier one was killed: what that left, nobody has seen', async () => {
    await start();
    for (const name of ['parts.env', 's3.env', 'redis.env']) rmSync(join(record, name), { force: true });
    writeFileSync(join(record, '.redis.env-half'), 'REDISCLI_A');
    expect(await start()).toContain('The secrets are made.');
    expect(Object.keys(contents(record))).toEqual(expect.arrayContaining(RECORD));
    const { CACHE_URL = '' } = await readVariables(of('gateway'), 'parts.env');
    expect(new URL(CACHE_URL).password).toBe((await readVariables(record, 'redis.env')).REDISCLI_AUTH);
  });

  it('does not make up a password anew that a server has already', async () => {
    await start();
    rmSync(join(record, 'mongodb.env'), { force: true });
    const refused = run();
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^taskledger: .*mongodb\.env.*backup\n$/);
  });

  it('says in one line where it may not write', () => {
    writeFileSync(record, 'no folder');
    const refused = run();
    expect([refused.status, refused.stderr.split('\n').length]).toEqual([1, 2]);
  });
});
