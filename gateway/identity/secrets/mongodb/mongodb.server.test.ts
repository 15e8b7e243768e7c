import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeWith, type FerretDb, ferretDb, startFerretDb } from '../../../../servers/for-tests.fixture.ts';
import { openSecrets } from '../open.ts';
import { secretsSuite } from '../secrets.suite.ts';
import type { Secrets } from '../secrets.ts';

const START = Date.parse('2026-11-21T09:00:00.000Z');
const log = { info: () => {}, warn: vi.fn() };
const open = (url: string, now?: () => Date) => openSecrets(url, { dataDir: '/nowhere', log, ...(now ? { now } : {}) });
const UNAVAILABLE = { name: 'SecretsUnavailable', dependency: 'the secrets', retryAfter: 1 };

describeWith(ferretDb, 'secrets on a server', () => {
  secretsSuite('MongoDB', async () => {
    const url = await ferretDb.database();
    let time = START;
    const now = () => new Date(time);
    const test = {
      secrets: await open(url, now),
      advance: (milliseconds: number) => {
        time += milliseconds;
      },
      now: () => now().toISOString(),
      reopen: async () => {
        await test.secrets.close();
        test.secrets = await open(url, now);
      },
      close: () => test.secrets.close(),
    };
    return test;
  });

  describe('of several processes', () => {
    let stores: Secrets[];
    beforeEach(async () => {
      const url = await ferretDb.database();
      stores = await Promise.all([open(url), open(url), open(url)]);
    });
    afterEach(() => Promise.all(stores.map((store) => store.close())));
    const each = <T>(work: (store: Secrets, n: number) => Promise<T>, times = 1) =>
      Promise.all(
        Array.from({ length: times }, () => stores)
          .flat()
          .map(work),
      );

    it('exactly one wins each version, and what it wrote is there', async () => {
      for (let version = 0; version < 8; version++) {
        const won = await each((store, n) => store.put('keys', { key: 'a', value: n, owner: 'me' }, version), 4);
        expect(won.filter(Boolean)).toHaveLength(1);
        for (const store of stores) expect(await store.get('keys', 'a')).toMatchObject({ version: version + 1, value: won.indexOf(true) });
      }
    });

    it('no increment is lost', async () => {
      await stores[0]?.put('keys', { key: 'n', value: 0, owner: 'me' });
      const increment = async (store: Secrets): Promise<void> => {
        const record = await store.get<number>('keys', 'n');
        if (record && (await store.put('keys', { key: 'n', value: record.value + 1, owner: 'me' }, record.version))) return;
        return increment(store);
      };
      await each(increment, 4);
      expect(await stores[0]?.get('keys', 'n')).toMatchObject({ value: 12, version: 13 });
    });

    it('a put whatever the version counts one each, and a deletion begins anew', async () => {
      await each((store, n) => store.put('keys', { key: 'a', value: n, owner: 'me' }), 5);
      expect(await stores[1]?.get('keys', 'a')).toMatchObject({ version: 15 });
      await each((store) => store.delete('keys', 'a'));
      const won = await each((store, n) => store.put('keys', { key: 'a', value: n, owner: 'me' }, 0));
      expect(won.filter(Boolean)).toHaveLength(1);
    });
  });

  describe('in its database', () => {
    const expires = '2020-01-01T00:00:00.000Z';

    it('records that ended are removed when it is opened, those put again meanwhile are not', async () => {
      const url = await ferretDb.database();
      const first = await open(url, () => new Date('2019-01-01'));
      for (const key of ['a', 'b']) await first.put('codes', { key, value: 1, owner: 'me', expires });
      await first.put('codes', { key: 'c', value: 1, owner: 'me' });
      await first.close();
      const client = await MongoClient.connect(url);
      const keys = async () => (await client.db().collection('codes').find().toArray()).map(({ _id }) => String(_id)).sort();
      expect(await keys()).toEqual(['a', 'b', 'c']);
      const second = await open(url);
      await second.put('codes', { key: 'b', value: 2, owner: 'me' }, 0);
      await expect.poll(keys).toEqual(['b', 'c']);
      expect(await second.get('codes', 'b')).toMatchObject({ value: 2, version: 1 });
      await Promise.all([second.close(), client.close()]);
      expect(log.warn).not.toHaveBeenCalled();
    });
  });

  describe('whose server', () => {
    let server: FerretDb;
    let secrets: Secrets;
    beforeAll(async () => {
      server = await startFerretDb();
      secrets = await open(`${server.url}faults`);
    });
    afterAll(async () => {
      await secrets.close();
      await server.close();
    });

    it('stands still: who asks hears that it is unavailable, and afterwards all is as before', async () => {
      await secrets.put('sessions', { key: 'a', value: 1, owner: 'me' });
      server.pause();
      await expect(secrets.get('sessions', 'a')).rejects.toMatchObject(UNAVAILABLE);
      await expect(secrets.list('sessions', 'me')).rejects.toMatchObject(UNAVAILABLE);
      server.resume();
      await vi.waitFor(async () => expect(await secrets.get('sessions', 'a')).toMatchObject({ value: 1, version: 1 }), 10_000);
    });

    it('is killed while versions are put: what was answered is there, and no version was won twice', async () => {
      let answered = 0;
      let ending = false;

      /** Puts the next version, where the present one can be read. */
      async function put(): Promise<void> {
        const version = (await secrets.get('keys', 'k'))?.version ?? 0;
        if (await secrets.put('keys', { key: 'k', value: version, owner: 'me' }, version)) answered = version + 1;
      }
      async function putting(): Promise<void> {
        while (!ending) await put().catch((error) => expect(error).toMatchObject(UNAVAILABLE));
      }

      const done = putting();
      for (let kills = 1; kills <= 3; kills++) {
        const before = answered;
        await vi.waitFor(() => expect(answered).toBeGreaterThan(before + 10), 20_000);
        const known = answered;
        await server.kill();
        await server.restart();
        await vi.waitFor(async () => expect((await secrets.get('keys', 'k'))?.version).toBeGreaterThanOrEqual(known), 10_000);
      }
      ending = true;
      await done;
      const last = await secrets.get<number>('keys', 'k');
      expect(last?.version).toBeGreaterThanOrEqual(answered);
      expect(last?.value).toBe((last?.version ?? 0) - 1);
    });
  });
});
