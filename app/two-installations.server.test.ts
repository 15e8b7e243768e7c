/** Two installations, each with an event store of its own, that are given the same virtual host, Redis database, MongoDB database or store of files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { describeWith, ferretDb, rabbitMq, redis } from '../servers/for-tests.fixture.ts';
import { type Program, runProgram } from '../system/program.fixture.ts';
import { ADMIN, JWT_SECRET } from '../system/system.fixture.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Makes the start of an installation, with an event store in a folder of its own. */
function installation(env: Record<string, string>): (words?: string[]) => Program {
  const dataDir = mkdtempSync(join(tmpdir(), 'two-installations-'));
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }));
  return (words = []) => {
    const program = runProgram(words, { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn', ADMIN_PASSWORD: ADMIN.password, JWT_SECRET, ...env });
    ends.push(() => program.end('SIGKILL'));
    return program;
  };
}

async function refusalOf(program: Program): Promise<string> {
  expect((await program.ended).code).toBe(1);
  return program.stderr();
}

test('a second installation is refused the files of the first, whether that runs or not, until it takes them over', {
  timeout: 300_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'files-of-two-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const [first, second] = [installation({ FILES_URL: `file:${folder}` }), installation({ FILES_URL: `file:${folder}` })];
  const running = first();
  await running.url();
  const words = /store of files is used by another installation .* Name another one in FILES_URL, .* npm start -- media claim/;
  expect(await refusalOf(second())).toMatch(words);
  await running.end('SIGTERM');
  const claim = second(['media', 'claim']);
  expect((await claim.ended).code).toBe(0);
  await second().url();
  expect(await refusalOf(first())).toMatch(words);
});

describeWith(ferretDb, 'a second installation', () => {
  test('is refused the read models and the secrets of the first, also by commands of an operator', { timeout: 300_000 }, async () => {
    const [READ_MODELS_URL, SECRETS_URL] = [await ferretDb.database(), await ferretDb.database()];
    await installation({ READ_MODELS_URL, SECRETS_URL })().url();
    const [ofModels, ofSecrets] = [installation({ READ_MODELS_URL }), installation({ SECRETS_URL })];
    const words = (what: string) => new RegExp(`the ${what} in the database test_[0-9a-f]+ are those of another installation`);
    for (const command of [[], ['replay']]) expect(await refusalOf(ofModels(command))).toMatch(words('read models'));
    for (const command of [[], ['rotate-master-key']]) expect(await refusalOf(ofSecrets(command))).toMatch(words('secrets'));
  });
});

describeWith([rabbitMq, redis], 'a second installation', () => {
  test('is refused the virtual host of the first, whether that runs or not, and takes one of its own', { timeout: 300_000 }, async () => {
    const BUS_URL = await rabbitMq.vhost();
    const [first, second] = [installation({ BUS_URL }), installation({ BUS_URL })];
    const running = first();
    await running.url();
    expect(await refusalOf(second())).toMatch(/virtual host is used by another installation .* Name another virtual host in BUS_URL/);
    await running.end('SIGTERM');
    expect(await refusalOf(second())).toContain('used by another installation');
    const again = first();
    await again.url();
    await again.end('SIGTERM');
    await installation({ BUS_URL: await rabbitMq.vhost() })().url();
  });

  test('is refused the Redis database of the first, and takes another one of the same Redis', { timeout: 300_000 }, async () => {
    const CACHE_URL = await redis.database();
    const [first, second] = [installation({ CACHE_URL }), installation({ CACHE_URL })];
    const running = first();
    await running.url();
    // A Redis that is slow now is not waited for: then the start goes on without it, and says the same.
    const refused = second();
    const words = /database is used by another installation .* Name another one in CACHE_URL/;
    await expect.poll(() => refused.stdout() + refused.stderr(), { timeout: 120_000 }).toMatch(words);
    await refused.end('SIGTERM');
    await running.end('SIGTERM');
    await first().url();
    await installation({ CACHE_URL: `${CACHE_URL}/1` })().url();
    const client = new Redis(CACHE_URL);
    const marks = [await client.get('taskledger:installation'), await client.select(1), await client.get('taskledger:installation')];
    client.disconnect();
    expect(marks).toEqual([expect.any(String), 'OK', expect.any(String)]);
    expect(marks[0]).not.toBe(marks[2]);
  });
});
