import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { problemOf, type User } from './client.fixture.ts';
import { mailComes } from './mails.fixture.ts';
import { customers, ORDER_KILLS, orderLog, rulesFile } from './orders.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
let alice: User;
let bob: User;
beforeAll(async () => {
  system = await openInstallation({ ORDER_RULES: rulesFile() });
  [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
});
afterAll(() => system?.remove());

const lamp = (quantity = 1, amount = 1299) => ({ sku: 'lamp', quantity, unitPrice: { amount, currency: 'EUR' } });
const order = (more: object = {}) => ({ items: [lamp()], email: 'alice.at.home@example.org', note: 'Ring twice.', ...more });

/** Waits until an order has this status. */
const becomes = (by: User, id: string, status: string) =>
  vi.waitFor(
    async () => {
      const { body, headers } = await by.ok(`GET /api/orders/${id}`);
      expect(body.status).toBe(status);
      return { body, headers };
    },
    { timeout: 20_000, interval: 20 },
  );

describe('an order', () => {
  it('is placed, confirmed, shown with its history, and told by mail', async () => {
    const { status, headers, body } = await alice.call('POST /api/orders', order());
    expect({ status, location: headers.get('location') }).toEqual({ status: 201, location: `/api/orders/${body.id}` });
    const { body: view, headers: shown } = await becomes(alice, body.id, 'confirmed');
    expect(view).toMatchObject({
      maker: alice.id,
      items: [lamp()],
      total: { amount: 1299, currency: 'EUR' },
      email: 'alice.at.home@example.org',
      note: 'Ring twice.',
      attempts: 1,
      reasons: [],
      revision: 3,
    });
    expect(shown.get('etag')).toBe('"3"');
    expect(view.history.map((step: { status: string }) => step.status)).toEqual(['placed', 'processing', 'validated', 'confirmed']);
    const mail = await mailComes(system.admin, 'alice.at.home@example.org', `Order confirmed: no. ${body.id.slice(0, 8)}`);
    // Nobody has confirmed this address: it gets fixed words, and nothing that somebody typed.
    expect(mail.text).toContain('an order at taskledger that names this address is confirmed.');
    expect(mail.text).not.toContain('lamp');
  });

  it('that breaks the rules is rejected with the reasons, and told so', async () => {
    await system.admin.ok(`POST /api/users/${alice.id}/confirm`);
    const { body } = await alice.ok('POST /api/orders', order({ items: [lamp(1, 1)], email: alice.email }));
    const { body: view } = await becomes(alice, body.id, 'rejected');
    expect(view.reasons).toEqual([{ rule: 'price', pointer: '/items/0/unitPrice', detail: 'lamp costs 12.99 EUR' }]);
    const mail = await mailComes(system.admin, alice.email, `Order not accepted: no. ${body.id.slice(0, 8)}`);
    expect(mail.text).toContain('lamp costs 12.99 EUR');
  });

  it('is its maker’s and the admins’; to others it is not there', async () => {
    const { body } = await alice.ok('POST /api/orders', order());
    await becomes(alice, body.id, 'confirmed');
    for (const what of [`GET /api/orders/${body.id}`, `POST /api/orders/${body.id}/cancel`])
      expect(problemOf(await bob.call(what))).toMatchObject({ status: 404, code: 'not_found' });
    expect((await system.admin.ok(`GET /api/orders/${body.id}`)).body.email).toBe('alice.at.home@example.org');
    expect((await bob.ok('GET /api/orders')).body.items).toEqual([]);
    const ids = async (by: User) => (await by.ok('GET /api/orders?limit=1')).body;
    expect((await ids(alice)).items[0].id).toBe(body.id);
    expect((await ids(alice)).items[0]).not.toHaveProperty('email');
    const { items, next } = await ids(system.admin);
    expect([items[0].id, typeof next]).toEqual([body.id, 'string']);
    expect((await system.call('GET /api/orders')).status).toBe(401);
  });

  it('is not cancelled once it is confirmed, and not tried again where it has not failed', async () => {
    const { body } = await alice.ok('POST /api/orders', order());
    await becomes(alice, body.id, 'confirmed');
    expect(problemOf(await alice.call(`POST /api/orders/${body.id}/cancel`))).toMatchObject({ status: 409, code: 'conflict' });
    expect(problemOf(await system.admin.call(`POST /api/admin/orders/${body.id}/retry`))).toMatchObject({ status: 409 });
    expect(problemOf(await alice.call(`POST /api/admin/orders/${body.id}/retry`))).toMatchObject({ status: 403 });
  });

  it.each([
    ['two currencies', { items: [lamp(), { ...lamp(), unitPrice: { amount: 1, currency: 'USD' } }] }, '/items/1/unitPrice/currency'],
    ['no items', { items: [] }, '/items'],
    ['a fraction of a cent', { items: [lamp(1, 12.5)] }, '/items/0/unitPrice/amount'],
    ['more than can be counted', { items: [lamp(2, Number.MAX_SAFE_INTEGER)] }, '/items'],
    ['no address', { email: 'nobody' }, '/email'],
  ])('with %s is refused', async (_, more, pointer) =>
    expect(problemOf(await alice.call('POST /api/orders', order(more)))).toEqual({ status: 422, code: 'invalid', pointers: [pointer] }),
  );

  it('asked for twice with one key is one order', async () => {
    const key = { 'idempotency-key': 'once' };
    const [first, second] = [await alice.ok('POST /api/orders', order(), key), await alice.ok('POST /api/orders', order(), key)];
    expect(second.body).toEqual(first.body);
  });
});

it(`of orders that are placed while the process is killed (${ORDER_KILLS} times) each is decided once and told once`, {
  timeout: 120_000 + ORDER_KILLS * 20_000,
}, async () => {
  const people = customers([alice, alice, bob, bob], 15);
  for (let kill = 0; kill < ORDER_KILLS; kill++) {
    const before = people.placed.length;
    const buying = people.buy(new AbortController().signal);
    await vi.waitFor(() => expect(people.placed.length).toBeGreaterThan(before + 10), { timeout: 20_000, interval: 5 });
    await delay(Math.random() * 250);
    await system.kill();
    await buying;
    await system.start();
    await people.askAgain();
    await people.readMails(system.admin);
  }
  await people.check(system.admin, async () => {
    await system.stop();
    return orderLog('sqlite:', system.dataDir);
  });
  // Else the kills hit nobody at work.
  expect(people.takenOver()).toBeGreaterThan(0);
});
