/** Orders on real servers, with several processes of workers that are killed at random. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { processOf } from '../platform/work/compete.ts';
import type { Change } from '../realtime/client/live.ts';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { follow } from './live.fixture.ts';
import { customers, ORDER_KILLS, orderLog, rulesFile } from './orders.fixture.ts';

/** Orders placed around each kill. */
const RUSH = 15;

/** The process of the worker that leased an order last. */
function workerOf(changes: readonly Change[]): number | undefined {
  const last = changes.findLast(({ type }) => type === 'OrderProcessing');
  return last && processOf((last.data as { worker: string }).worker);
}

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
    const people = customers([alice, bob], 2_000);
    const events = follow(system, system.admin, 'role:admin');
    await events.joined();
    const stopping = new AbortController();
    const buying = people.buy(stopping.signal);
    const workers = system.of('workers');
    for (let kill = 0; kill < ORDER_KILLS; kill++) {
      const seen = events.changes.length;
      const rush = people.rush(RUSH);
      // An order takes some milliseconds: one is cut in the middle most likely where many are at work.
      const pid = await vi.waitFor(() => workerOf(events.changes.slice(seen)) ?? expect.fail('nobody works'), { timeout: 60_000, interval: 1 });
      await delay(Math.random() * 30);
      const one = workers.find(({ program }) => program().pid === pid);
      if (!one) throw new Error(`no process of ours works as ${pid}`);
      await one.kill();
      await rush;
      await one.start();
      await people.readMails(system.admin);
    }
    stopping.abort();
    events.close();
    await buying;
    await people.askAgain();
    await people.check(system.admin, () => orderLog(system.env.EVENT_STORE_URL ?? '', '', system.env.SECRETS_URL));
    // Else the kills hit nobody at work.
    expect(people.takenOver()).toBeGreaterThan(0);
    const { body } = await system.admin.ok('GET /api/admin/queues');
    expect(body.items.find((queue: { name: string }) => queue.name === 'orders').consumers).toBe(workers.length * 4);
  });
});
