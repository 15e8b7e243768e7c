import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../app/config.ts';
import { ALL_PARTS, problemsAlone } from '../app/parts.ts';
import { firstStart, readVariables } from './first-start.ts';

const FILES = ['mongodb.env', 'mongodb.key', 'parts.env', 'rabbitmq.env', 'redis.env', 's3.env'];
const PROGRAM = fileURLToPath(new URL('first-start.ts', import.meta.url));

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'first-start-'));
  folder = join(root, 'secrets');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (env: Record<string, string> = {}) => spawnSync(process.execPath, [PROGRAM, folder], { encoding: 'utf8', env: { PATH: '', ...env } });
const contents = () => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

describe('the first start', () => {
  it('makes everything but a password of the first admin; the second changes and prints nothing', async () => {
    const first = run();
    expect(await readVariables(folder, 'parts.env')).not.toHaveProperty('ADMIN_PASSWORD');
    expect(first.stdout).toBe('The secrets are made. The gateway prints the password of the first admin, once.\n');
    expect([first.status, first.stderr]).toEqual([0, '']);
    const made = contents();
    expect(Object.keys(made).toSorted()).toEqual(FILES);
    const second = run({ ADMIN_PASSWORD: 'another one entirely' });
    expect([second.status, second.stdout, second.stderr]).toEqual([0, '', '']);
    expect(contents()).toEqual(made);
  });

  it('gives files that only their owner reads and nobody changes', async () => {
    process.umask(0);
    await firstStart(folder);
    for (const name of FILES) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o400);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('gives the parts the keys of the S3 server also where an earlier release made the files', async () => {
    await firstStart(folder);
    const file = join(folder, 'parts.env');
    const before = readFileSync(file, 'utf8');
    rmSync(file);
    writeFileSync(file, before.replace(/^S3_.*\n/gm, ''), { mode: 0o400 });
    expect(await firstStart(folder)).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(statSync(file).mode & 0o777).toBe(0o400);
  });

  it('makes what every part needs to run as a process of its own', async () => {
    await firstStart(folder);
    // The variables that docker-compose.yml gives to every part.
    const compose = {
      EVENT_STORE_URL: 'esdb://eventstore:2113?tls=false',
      PUBLIC_URL: 'http://localhost:8080',
      FILES_URL: 's3://files?endpoint=http://s3:7070',
    };
    const config = readConfig({ ...(await readVariables(folder, 'parts.env')), ...compose });
    for (const part of ALL_PARTS) expect(problemsAlone(part, config)).toEqual([]);
  });

  it('gives the parts the passwords of the servers, each another one', async () => {
    await firstStart(folder);
    const [parts, rabbitMq, mongoDb, redis] = await Promise.all(
      ['parts', 'rabbitmq', 'mongodb', 'redis'].map((name) => readVariables(folder, `${name}.env`)),
    );
    const passwordIn = (name: string) => decodeURIComponent(new URL(parts?.[name] ?? '').password);
    expect(passwordIn('BUS_URL')).toBe(rabbitMq?.RABBITMQ_DEFAULT_PASS);
    expect(passwordIn('READ_MODELS_URL')).toBe(mongoDb?.MONGO_INITDB_ROOT_PASSWORD);
    expect(passwordIn('SECRETS_URL')).toBe(mongoDb?.MONGO_INITDB_ROOT_PASSWORD);
    expect(passwordIn('CACHE_URL')).toBe(redis?.REDISCLI_AUTH);
    const all = [passwordIn('BUS_URL'), passwordIn('READ_MODELS_URL'), passwordIn('CACHE_URL'), parts?.JWT_SECRET];
    expect(new Set(all).size).toBe(all.length);
    for (const one of all) expect(one?.length).toBeGreaterThanOrEqual(20);
  });

  it('takes the operator’s own address and password', async () => {
    expect(run({ ADMIN_EMAIL: 'ops@example.org', ADMIN_PASSWORD: 'correct horse "battery" $1' }).status).toBe(0);
    const { ADMIN_EMAIL, ADMIN_PASSWORD } = await readVariables(folder, 'parts.env');
    expect([ADMIN_EMAIL, ADMIN_PASSWORD]).toEqual(['ops@example.org', 'correct horse "battery" $1']);
  });

  it('refuses a password that it could not write down, and makes nothing', () => {
    const refused = run({ ADMIN_PASSWORD: "it's mine, all of it" });
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^taskledger: ADMIN_PASSWORD must have neither a quote \('\) nor a line break\n$/);
  });

  it.each([
    ['ADMIN_PASSWORD', 'short', /^taskledger: ADMIN_PASSWORD must/],
    ['ADMIN_EMAIL', 'nobody', /^taskledger: ADMIN_EMAIL must/],
  ])('refuses the %s that no part would start with, and makes nothing', (name, value, what) => {
    const refused = run({ [name]: value });
    expect([refused.status, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringMatching(what)]);
    expect(run().stdout).toContain('The secrets are made.');
  });

  it('is read the same by a shell and by Node', () => {
    run({ ADMIN_PASSWORD: 'correct horse "battery" $HOME `id` \\n #1' });
    const file = join(folder, 'parts.env');
    const names =
      'const {JWT_SECRET, ADMIN_PASSWORD, BUS_URL, READ_MODELS_URL} = process.env; console.log([JWT_SECRET, ADMIN_PASSWORD, BUS_URL, READ_MODELS_URL])';
    const options = { encoding: 'utf8', env: {} } as const;
    const byNode = spawnSync(process.execPath, [`--env-file=${file}`, '-e', names], options);
    const byShell = spawnSync('/bin/sh', ['-c', 'set -a; . "$0"; exec "$1" -e "$2"', file, process.execPath, names], options);
    expect(byNode.stdout).toContain('battery');
    expect(byShell.stdout).toBe(byNode.stdout);
  });

  it('goes on where an earlier one was killed: what that left, nobody has seen', async () => {
    await firstStart(folder);
    for (const name of ['parts.env', 's3.env', 'redis.env']) rmSync(join(folder, name), { force: true });
    writeFileSync(join(folder, '.redis.env-half'), 'REDISCLI_A');
    expect(await firstStart(folder)).toBe(true);
    expect(Object.keys(contents())).toEqual(expect.arrayContaining(FILES));
    const { CACHE_URL = '' } = await readVariables(folder, 'parts.env');
    expect(new URL(CACHE_URL).password).toBe((await readVariables(folder, 'redis.env')).REDISCLI_AUTH);
  });

  it('does not make up a password anew that a server has already', async () => {
    await firstStart(folder);
    rmSync(join(folder, 'mongodb.env'), { force: true });
    const refused = run();
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^taskledger: .*mongodb\.env.*backup\n$/);
  });

  it('says in one line where it may not write', () => {
    writeFileSync(folder, 'no folder');
    const refused = run();
    expect([refused.status, refused.stderr.split('\n').length]).toEqual([1, 2]);
  });
});
