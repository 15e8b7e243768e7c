/** Orders that have failed, as their operator meets them. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { eventId, stableId } from '../platform/stable-id.ts';
import { problemOf, type User } from './client.fixture.ts';
import { deadIn, deadLettersOf, listedDead, type Ran } from './dead-letters.fixture.ts';
import { mailComes, mailsTo } from './mails.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const REASON = 'the price list cannot be read';
const NAMES = ['by-id', 'by-http', 'all-1', 'all-2'] as const;
type Name = (typeof NAMES)[number];
const idOf = (name: Name) => stableId('dead order', name);
const addressOf = (name: Name) => `${name}@example.org`;

let system: Installation;
let alice: User;
let deadLetters: (...args: string[]) => Promise<Ran>;
beforeAll(async () => {
  system = await openInstallation();
  deadLetters = deadLettersOf(system.env);
  alice = await system.register('Alice');
  await system.stop();
  await letFail();
  await system.start();
  for (const name of NAMES) await listedDead(system.admin, 'orders', { id: idOf(name) });
});
afterAll(() => system?.remove());

/** Orders over which a worker went wrong for the last time, on the folder that nobody runs on. */
async function letFail(): Promise<void> {
  const store = await openEventStore('sqlite:', { dataDir: system.dataDir, log: { error: () => {} } });
  for (const name of NAMES) {
    const id = idOf(name);
    const happened: [type: string, data: object][] = [
      ['OrderPlaced', { ...(exampleEvent('OrderPlaced').data as object), maker: alice.id, email: addressOf(name) }],
      ['OrderProcessing', { attempt: 1, worker: 'orders-1', until: new Date().toISOString() }],
      ['OrderFailed', { attempt: 1, reason: REASON }],
    ];
    const { metadata } = exampleEvent('OrderPlaced');
    const events = happened.map(([type, data], n) => ({ id: eventId(id, `order-${id}`, n), type, data, metadata: { ...metadata, commandId: id } }));
    await store.append(`order-${id}`, -1, events);
  }
  await store.close();
}

/** It is confirmed under its second attempt, and told once. */
async function isConfirmed(name: Name): Promise<void> {
  const id = idOf(name);
  const view = await vi.waitFor(
    async () => {
      const { body } = await alice.ok(`GET /api/orders/${id}`);
      expect(body.status).toBe('confirmed');
      return body;
    },
    { timeout: 20_000, interval: 20 },
  );
  const steps = ['placed', 'processing', 'failed', 'placed', 'processing', 'validated', 'confirmed'];
  expect([view.attempts, view.history.map(({ status }: { status: string }) => status)]).toEqual([2, steps]);
  await mailComes(system.admin, addressOf(name), `Order confirmed: no. ${id.slice(0, 8)}`);
}

describe('an order that has failed', () => {
  it('is a dead letter: listed and shown with its reason and history, and no mail has told of it', async () => {
    const listed = (await deadLetters('list', 'orders')).out;
    for (const name of NAMES) expect(listed).toMatch(new RegExp(`^  ${idOf(name)}  failed  \\S+Z  1 attempt  order  ${REASON}$`, 'm'));
    expect([listed.split('\n')[0], listed.split('\n').length]).toEqual(['orders:', NAMES.length + 3]);
    expect(listed).toContain(`\n  ${NAMES.length} in all\n`);
    const { code, out } = await deadLetters('show', idOf('by-id'));
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${idOf('by-id')}: order to by-id@example\\.org, in orders\nfailed since \\S+Z after 1 attempt: ${REASON}\n`));
    expect(out).toMatch(/Z {2}placed\n.*Z {2}processing {2}attempt 1\n.*Z {2}failed {6}attempt 1, the price list cannot be read\n$/);
    for (const name of NAMES) expect(await mailsTo(system.admin, addressOf(name))).toEqual([]);
  });

  it('is not given up, and not sent elsewhere: each is refused in one line that says what to do', async () => {
    const id = idOf('by-id');
    expect(await deadLetters('discard', id)).toEqual({
      code: 1,
      out: '',
      err: 'taskledger: An order is not discarded but cancelled: its maker does so, or an admin.\n',
    });
    expect(await deadLetters('retry', id, 'other@example.org')).toEqual({
      code: 1,
      out: '',
      err: 'taskledger: The address of an order cannot be corrected. Cancel it and have it placed anew.\n',
    });
    expect((await deadIn(system.admin, 'orders')).map((one) => one.id)).toContain(id);
  });

  it('is confirmed and told once when it is retried by its id, over HTTP, or with all others', async () => {
    expect(await deadLetters('retry', idOf('by-id'))).toEqual({ code: 0, out: `${idOf('by-id')} is tried again.\n`, err: '' });
    await isConfirmed('by-id');
    const byHttp = `POST /api/admin/orders/${idOf('by-http')}/retry`;
    expect(problemOf(await alice.call(byHttp))).toMatchObject({ status: 403 });
    await system.admin.ok(byHttp);
    await isConfirmed('by-http');
    expect(problemOf(await system.admin.call(byHttp))).toMatchObject({ status: 409, code: 'conflict' });
    await vi.waitFor(async () => expect(await deadIn(system.admin, 'orders')).toHaveLength(2), { timeout: 20_000, interval: 50 });
    expect(await deadLetters('retry', '--all', 'orders')).toEqual({ code: 0, out: 'orders: 2 tried again\n', err: '' });
    for (const name of ['all-1', 'all-2'] as const) await isConfirmed(name);
    for (const name of NAMES) expect(await mailsTo(system.admin, addressOf(name))).toHaveLength(1);
    expect(await deadIn(system.admin, 'orders')).toEqual([]);
  });
});
