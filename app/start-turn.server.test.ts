/** Parts that start at once while another process writes, and servers that stand still meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { SECRET_KINDS } from '../gateway/identity/secrets/secrets.ts';
import { connectMongo } from '../platform/connections/mongodb/connect.ts';
import { openTurns } from '../platform/connections/mongodb/turns.ts';
import { describeWith, ferretDb, rabbitMq, redis, startFerretDb } from '../servers/for-tests.fixture.ts';
import { logIn } from '../system/client.fixture.ts';
import { type Program, runProgram } from '../system/program.fixture.ts';
import { startStoreServer } from '../system/store-server.fixture.ts';
import { ADMIN, JWT_SECRET } from '../system/system.fixture.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** The turn of the secrets' keys, in another process's hands until `release`. `prepared`: whether a part has made all indexes, and soon wants the turn. */
async function heldTurn(url: string): Promise<{ prepared(): Promise<boolean>; release(): Promise<void> }> {
  const connecting = { what: 'the secrets', variable: 'SECRETS_URL', database: 'secrets' };
  const server = await connectMongo(url, connecting, { log: { info: () => {}, warn: () => {} } });
  const turns = openTurns(server);
  const [taken, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = turns.inTurn('keys', async () => {
    taken.resolve();
    await over.promise;
  });
  await taken.promise;
  return {
    prepared: async () => {
      const collections = (await server.db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
      return SECRET_KINDS.every((kind) => collections.includes(kind));
    },
    release: async () => {
      over.resolve();
      // It was lost while the server stood still.
      await holding.catch(() => {});
      await turns.close();
      await server.client.close();
    },
  };
}

describeWith([ferretDb, rabbitMq, redis], 'two processes of a part that start at once', () => {
  test('while another one has the turn to write, and FerretDB and the event store are lost and come back: both come up', {
    timeout: 600_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'start-turn-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const [ferret, events] = [await startFerretDb(), await startStoreServer(folder)];
    ends.push(ferret.close, events.kill);
    const env = {
      EVENT_STORE_URL: `esdb://127.0.0.1:${events.port}?tls=false`,
      BUS_URL: await rabbitMq.vhost(),
      CACHE_URL: await redis.database(),
      READ_MODELS_URL: `${ferret.url}models`,
      SECRETS_URL: `${ferret.url}secrets`,
      FILES_URL: `file:${join(folder, 'files')}`,
      ...{ DATA_DIR: folder, JWT_SECRET, PORT: '0', LOG_LEVEL: 'info', ADMIN_EMAIL: ADMIN.email, ADMIN_PASSWORD: ADMIN.password },
    };
    const turn = await heldTurn(env.SECRETS_URL);
    const both = [1, 2].map(() => runProgram(['gateway'], env));
    ends.push(() => Promise.all(both.map((one) => one.end('SIGKILL'))));
    const output = (one: Program) => one.stdout() + one.stderr();

    await expect.poll(turn.prepared, { timeout: 120_000 }).toBe(true);
    ferret.pause();
    await events.kill();
    // One that had not come as far waits for the event store.
    for (const one of both)
      await expect.poll(() => output(one), { timeout: 120_000 }).toMatch(/waiting for the (secrets|event store)|the secrets cannot be used/);
    await events.start();
    ferret.resume();
    await turn.release();
    for (const one of both) {
      const url = await one.url();
      const admin = await logIn(() => url, { ...ADMIN, name: 'Administrator' });
      expect((await admin.call('GET /api/me')).status).toBe(200);
    }
    expect(both.map((one) => output(one)).join('')).not.toContain('gives up');
  });
});
