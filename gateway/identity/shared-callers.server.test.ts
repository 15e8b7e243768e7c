/** Two processes of one installation: each has its own memory and connection, they share the secrets, the log and Redis. */
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type BriefCache, openBriefCache } from '../../platform/brief-cache/brief-cache.ts';
import { describeWith, redis, type Server, startRedis } from '../../servers/for-tests.fixture.ts';
import { standStill } from '../../servers/stand-still.fixture.ts';
import { type Installation, openInstallation } from './identity.fixture.ts';
import { type Identity, openIdentity } from './identity.ts';

const PASSWORD = 'correct-horse-battery';
const log = { info: () => {}, warn: () => {} };

describeWith(redis, 'a session of two processes', () => {
  let server: Server;
  let here: Installation;
  let caches: BriefCache[];
  let one: Identity;
  let other: Identity;
  let counts: Record<string, number> = {};
  let token: string;
  let userId: string;
  let sessionId: string;
  const refused = expect.objectContaining({ code: 'unauthorized' });

  beforeEach(async () => {
    server = await startRedis();
    here = await openInstallation();
    caches = [];
    async function open(): Promise<Identity> {
      const cache = await openBriefCache(server.url, { log, patience: 10_000 });
      if (!cache) throw new Error('no cache');
      caches.push(cache);
      return openIdentity({ ...here.identityOptions, briefCache: cache, asked });
    }
    one = await open();
    other = await open();
    const account = { email: 'ana@example.org', password: PASSWORD };
    userId = (await here.call('POST /api/users', { ...account, name: 'Ana' })).body.id;
    const login = await here.call('POST /api/login', account);
    token = login.body.accessToken;
    ({ sessionId } = (await one.authenticate(token)) as { sessionId: string });
    counts = {};
  });
  afterEach(async () => {
    for (const cache of caches) await cache.close();
    await here.close();
    await server.close();
  });

  function asked(how: string): void {
    counts[how] = (counts[how] ?? 0) + 1;
  }

  /** Resolves once a process refuses the token. */
  const untilRefused = (identity: Identity) => vi.waitFor(() => expect(identity.authenticate(token)).rejects.toEqual(refused), { interval: 5 });

  /** The session ends in the secrets, as it does where a process is killed before it could tell anybody. */
  const endSilently = () => here.secrets.delete('sessions', sessionId);

  it('is looked up at most once by each process for a thousand requests in the time of an answer', async () => {
    const still = caches.map((briefCache) => openIdentity({ ...here.identityOptions, briefCache, asked, clock: () => 0 }));
    const [first, second] = (await Promise.all(still)) as [Identity, Identity];
    for (let n = 0; n < 1_000; n++) await (n % 2 ? first : second).authenticate(token);
    const { remembered = 0, shared = 0, looked_up: lookedUp = 0 } = counts;
    expect([remembered, shared + lookedUp]).toEqual([998, 2]);
  });

  it('is found by one process where another one looked it up', async () => {
    await vi.waitFor(async () => {
      counts = {};
      here.advance(1_000);
      await one.authenticate(token);
      await other.authenticate(token);
      expect(counts.shared).toBeGreaterThan(0);
    });
  });

  it('has ended for all, whoever told of it or did not', async () => {
    await other.authenticate(token);
    await endSilently();
    await Promise.all([untilRefused(one), untilRefused(other)]);
  });

  it('has ended for all where Redis is away, hangs, or comes back empty', async () => {
    await server.kill();
    await one.authenticate(token);
    await endSilently();
    await untilRefused(one);
    await server.restart();
    await untilRefused(other);
  });

  it('leaves neither its token nor its ids nor a name in Redis', async () => {
    const client = new Redis(server.url).on('error', () => {});
    await vi.waitFor(async () => {
      here.advance(1_000);
      await one.authenticate(token);
      const keys = (await client.keys('*:brief:session:*')).filter(Boolean);
      const texts = await client.mget(keys.length > 0 ? keys : ['none']);
      const all = [...keys, ...texts.filter((text) => text !== null)].join('\n');
      expect(all).toContain(userId);
      for (const secret of [token, sessionId, 'ana@', 'Ana']) expect(all).not.toContain(secret);
    });
    await client.quit();
  });

  it('belongs to nobody else, with no other role, for who writes to Redis', async () => {
    const client = new Redis(server.url).on('error', () => {});
    await vi.waitFor(async () => {
      here.advance(1_000);
      await one.authenticate(token);
      const [key = ''] = await client.keys('*:brief:session:*');
      const text = await client.get(key);
      expect(text).toContain('"member"');
      await client.set(key, String(text).replace('"member"', '"admin"'), 'PX', 60_000);
      here.advance(1_000);
      expect(await other.authenticate(token)).toMatchObject({ role: 'member' });
    });
    await client.quit();
  });

  it('has the new role for all once its user changed', async () => {
    await other.authenticate(token);
    one.onUserChanged(userId);
    here.advance(1_000);
    counts = {};
    await other.authenticate(token);
    expect(counts).toEqual({ looked_up: 1 });
  });

  it('goes on where Redis stands still, and nobody waits for long', async () => {
    standStill(server.pid() ?? 0);
    const quick = await openBriefCache(server.url, { log });
    const alone = await openIdentity({ ...here.identityOptions, briefCache: quick });
    expect(await alone.authenticate(token)).toMatchObject({ id: userId });
    await quick?.close();
    process.kill(server.pid() ?? 0, 'SIGCONT');
  });
});
