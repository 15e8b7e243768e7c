/** Orders on real servers, with several processes of workers that are killed at random. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '../servers/for-tests.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { customers, ORDER_KILLS, orderLog, rulesFile } from './orders.fixture.ts';

describeWith(DISTRIBUTED, 'orders on real servers', () => {
  let system: Distributed;
  beforeAll(async () => {
    system = await openDistributed({ env: { ORDER_RULES: rulesFile() }, copies: { workers: 3 } });
  });
  afterAll(() => system?.remove());

  it(`are decided once each and told once, while processes of workers are killed (${ORDER_KILLS} times)`, {
    timeout: 240_000 + ORDER_KILLS * 15_000,
  }, async () => {
    const [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
    const people = customers([alice, bob], 200);
    const stopping = new AbortController();
    const buying = people.buy(stopping.signal);
    const workers = system.of('workers');
    for (let kill = 0; kill < ORDER_KILLS; kill++) {
      const before = people.placed.length;
      await vi.waitFor(() => expect(people.placed.length).toBeGreaterThan(before + 3), { timeout: 30_000, interval: 20 });
      await delay(Math.random() * 500);
      const one = workers[Math.floor(Math.random() * workers.length)];
      await one?.kill();
      await one?.start();
    }
    stopping.abort();
    await buying;
    await people.askAgain();
    await people.check(system.admin, () => orderLog(system.env.EVENT_STORE_URL ?? '', ''));
    const { body } = await system.admin.ok('GET /api/admin/queues');
    expect(body.items.find((queue: { name: string }) => queue.name === 'orders').consumers).toBe(workers.length * 4);
  });
});
