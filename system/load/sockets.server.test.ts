/**
 * Many pages on one process, whose connections are cut one by one, while Redis, which ties its sockets to those of others, goes away and comes back.
 * SOCKETS 40 and CUTS 80; `npm run faults`: 500 and 1,000.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../../platform/event-store/double/tcp-proxy.ts';
import { describeWith, redis, startRedis } from '../../servers/for-tests.fixture.ts';
import { logIn, type User } from '../client.fixture.ts';
import { checkSeen, type Watching, watchTasks } from '../faults-live.fixture.ts';
import { openInstallation, type System } from '../system.fixture.ts';
import { UNLIMITED } from '../unlimited.fixture.ts';

const SOCKETS = Number(process.env.SOCKETS ?? 40);
const CUTS = Number(process.env.CUTS ?? 80);
/** Pages that connect at the same time. */
const AT_ONCE = 50;
/** Milliseconds between two cuts, and between two changes: every page hears of each. */
const PACE = { cut: 50, change: SOCKETS > 100 ? 250 : 50 };
/** A task has so many comments at most. */
const COMMENTS = 100;
/** Tokens are good for 15 minutes. */
const LOGGED_IN = 8 * 60_000;

describeWith(redis, 'pages whose connections are cut', () => {
  it(`${SOCKETS} of them see every change once, in order, over ${CUTS} cuts and a restart of Redis`, {
    timeout: 300_000 + CUTS * 2_000,
  }, async () => {
    const cache = await startRedis();
    const system = await openInstallation({ ...UNLIMITED, CACHE_URL: cache.url });
    const proxy = await startTcpProxy(Number(new URL(system.url()).port));
    const pages: Watching[] = [];
    try {
      const alice = renewed(system, await system.register('Alice'));
      const behind: System = { ...system, url: () => `http://127.0.0.1:${proxy.port}` };
      while (pages.length < SOCKETS)
        pages.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, SOCKETS - pages.length) }, () => watchTasks(behind, alice)))));

      const changes = changing(alice);
      await cutSome(proxy, CUTS / 2);
      await cache.kill();
      await cutSome(proxy, CUTS / 4);
      await cache.restart();
      await cutSome(proxy, CUTS / 4);
      const positions = await changes.stop();

      await Promise.all(pages.map((page) => page.reached(positions.at(-1) as string)));
      for (const page of pages) checkSeen(page.seen, positions);
      const loaded = pages.flatMap(({ seen }) => seen.filter((one) => 'loadedUpTo' in one)).length;
      process.stdout.write(`sockets: ${JSON.stringify({ sockets: SOCKETS, cuts: CUTS, changes: positions.length, snapshots: loaded })}\n`);
      expect(positions.length).toBeGreaterThan(5);
    } finally {
      for (const page of pages) page.close();
      await proxy.close();
      await system.remove();
      await cache.close();
    }
  });
});

/** A user whose token never ends. */
function renewed(system: System, user: User): () => Promise<User> {
  let since = performance.now();
  let session = Promise.resolve(user);
  return () => {
    if (performance.now() - since > LOGGED_IN) {
      since = performance.now();
      session = logIn(system.url, user);
    }
    return session;
  };
}

/** Makes tasks and comments on them until it is stopped, which resolves to the positions of all. */
function changing(user: () => Promise<User>): { stop(): Promise<string[]> } {
  const positions: string[] = [];
  let isOver = false;
  const working = (async () => {
    for (let task = ''; !isOver; await delay(PACE.change)) {
      const isNew = positions.length % COMMENTS === 0;
      const { ok } = await user();
      const { body } = await (isNew ? ok('POST /api/tasks', { title: 'A task' }) : ok(`POST /api/tasks/${task}/comments`, { text: 'A comment' }));
      positions.push(body.position);
      task = body.id;
    }
  })();
  // Told by `stop`.
  working.catch(() => {});
  return {
    stop: async () => {
      isOver = true;
      await working;
      return positions;
    },
  };
}

/** Cuts connections, chosen at random; where none is open, it waits for one. */
async function cutSome(proxy: TcpProxy, count: number): Promise<void> {
  for (let cuts = 0; cuts < count; await delay(PACE.cut)) if (proxy.cutOne(Math.random())) cuts++;
}
