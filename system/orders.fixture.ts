/** Orders that people place while processes are killed, and the checks of them afterwards. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { openSealing } from '../app/sealing.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import type { OrderStatus, OrderView } from '../contracts/order.ts';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { sealedStore } from '../platform/sealing/sealed-store.ts';
import { everyItem, type Reply, type User } from './client.fixture.ts';
import { type Mail, mailsTo, notificationsOf } from './mails.fixture.ts';

/** The number of kills: 5 in `npm test`; 50 in `npm run faults`, which also waits for the leases of mails that were cut off (two minutes). */
export const ORDER_KILLS = Number(process.env.ORDER_KILLS ?? 5);
const WAITS_FOR_MAILS = ORDER_KILLS > 5;

/** Each order has its own; other orders of a test have others. */
const ADDRESS = /^order-\d+@example\.org$/;
const PRICE = { amount: 1299, currency: 'EUR' };

/** Writes a file of rules into a folder (default: a new one): one SKU is sold, at one price. Returns its path. */
export function rulesFile(folder: string = mkdtempSync(join(tmpdir(), 'order-rules-'))): string {
  const path = join(folder, 'order-rules.json');
  writeFileSync(path, JSON.stringify({ prices: { lamp: PRICE } }));
  return path;
}

/** An order to send. Each has its own address. */
export interface ToPlace {
  body: { email: string; items: object[] };
  key: string;
  /** The outcome by the rules. */
  expected: 'confirmed' | 'rejected';
}

/** An order that was sent. */
interface Placed extends ToPlace {
  by: User;
  /** Once it is answered. */
  id?: string;
  /** The status of the answer to its cancellation, where one was asked for. */
  cancelled?: number;
}

/** The n-th order of a test. About three of ten break the rules. */
export function orderToPlace(n: number): ToPlace {
  const isRight = Math.random() < 0.7;
  const unitPrice = isRight ? PRICE : { ...PRICE, amount: PRICE.amount - 1 };
  return {
    body: { email: `order-${n}@example.org`, items: [{ sku: 'lamp', quantity: 1 + (n % 9), unitPrice }] },
    key: crypto.randomUUID(),
    expected: isRight ? 'confirmed' : 'rejected',
  };
}

const ENDS: Readonly<Record<string, OrderStatus>> = {
  OrderConfirmed: 'confirmed',
  OrderRejected: 'rejected',
  OrderCancelled: 'cancelled',
  OrderFailed: 'failed',
};

/** The final statuses in an order's events: more than one is wrong. */
export function endsOf(events: readonly RecordedEvent[]): OrderStatus[] {
  return events.flatMap(({ type }) => ENDS[type] ?? []);
}

/** Checks that an order was decided once, by the rules, or cancelled, and that its cancellation was answered so. Returns the final status. */
export function checkDecided({ expected, cancelled }: Pick<Placed, 'expected' | 'cancelled'>, events: readonly RecordedEvent[]): OrderStatus {
  const what = `${events[0]?.stream}: ${events.map(({ type }) => type).join(' ')}`;
  const [status] = endsOf(events);
  const wanted = status === 'cancelled' ? status : expected;
  expect(endsOf(events), what).toEqual([wanted]);
  if (cancelled !== undefined) expect(cancelled, what).toBe(status === 'cancelled' ? 200 : 409);
  return wanted;
}

export interface Customers {
  placed: readonly Placed[];
  /** Places orders, and cancels some, until the signal aborts. Requests without an answer are repeated by `askAgain`. */
  buy(stopping: AbortSignal): Promise<void>;
  /** Places so many orders at once. */
  rush(count: number): Promise<void>;
  /** Repeats the requests that got no answer. */
  askAgain(): Promise<void>;
  /** Remembers the mails that came into the outbox since the last call: it keeps the newest 1,000 only. */
  readMails(admin: User): Promise<void>;
  /** Waits until all orders are decided and mailed, and compares the answers of queries with the log, which is read last. */
  check(admin: User, readLog: () => Promise<RecordedEvent[]>): Promise<void>;
  /** The number of orders that more than one worker took, as far as `check` has seen. */
  takenOver(): number;
}

/** Makes people who order. `pace`: milliseconds between two orders of a person. */
export function customers(people: readonly User[], pace: number): Customers {
  const placed: Placed[] = [];
  let takenOver = 0;
  const mails: Mail[] = [];

  async function readMails(admin: User): Promise<void> {
    mails.push(...(await mailsTo(admin, undefined, mails.at(-1)?.id)));
  }

  async function place(by: User): Promise<Placed> {
    const one: Placed = { by, ...orderToPlace(placed.length) };
    placed.push(one);
    await ask(one);
    return one;
  }

  async function ask(one: Placed): Promise<void> {
    const reply = await one.by.call('POST /api/orders', one.body, { 'idempotency-key': one.key });
    if (unknown(reply)) return;
    expect(reply.status, reply.text).toBe(201);
    one.id = reply.body.id;
  }

  /** Nobody knows what became of it. */
  const unknown = ({ status }: Reply) => status === 503;

  async function cancel(one: Placed): Promise<void> {
    const reply = await one.by.call(`POST /api/orders/${one.id}/cancel`, undefined, { 'idempotency-key': `${one.key} cancel` });
    if (!unknown(reply)) one.cancelled = reply.status;
  }

  async function buyFor(by: User, stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      const one = await place(by);
      if (one.id && Math.random() < 0.1) await cancel(one);
      await delay(pace, undefined, { signal: stopping });
    }
  }

  /** Ignores the errors of a broken connection and of a delay that is stopped. Any other error is thrown. */
  function unlessCut(error: unknown): void {
    if (!(error instanceof TypeError) && (error as Error).name !== 'AbortError') throw error;
  }

  async function settled(admin: User): Promise<void> {
    await vi.waitFor(async () => expect(await everyItem(admin.call, '/api/orders?limit=100&status=placed,processing,validated')).toEqual([]), {
      timeout: 180_000,
      interval: 250,
    });
  }

  return {
    placed,
    takenOver: () => takenOver,
    readMails,
    buy: async (stopping) => void (await Promise.all(people.map((by) => buyFor(by, stopping).catch(unlessCut)))),
    rush: async (count) => void (await Promise.all(Array.from({ length: count }, (_, n) => place(people[n % people.length] as User)))),
    askAgain: async () => void (await Promise.all(placed.filter(({ id }) => !id).map(ask))),
    check: async (admin, readLog) => {
      await settled(admin);
      const told = await mailsSettled(admin);
      await readMails(admin);
      const to = Map.groupBy(mails, (mail) => mail.to);
      const mailed = { to: new Map([...to].map(([address, all]) => [address, all.length])), told };
      const views = await viewsOf(placed);
      takenOver = [...views.values()].filter(({ attempts }) => attempts > 1).length;
      const log = await readLog();
      const byStream = Map.groupBy(log, ({ stream }) => stream);
      const emails = log.filter(({ type }) => type === 'OrderPlaced').map(({ data }) => (data as { email: string }).email);
      expect(emails.filter((email) => ADDRESS.test(email)).toSorted()).toEqual(placed.map(({ body }) => body.email).toSorted());
      for (const one of placed) {
        const view = views.get(one.id ?? '') ?? expect.fail(`no order ${one.id}`);
        checkOne(one, { view, events: byStream.get(`order-${one.id}`) ?? [], log, mailed });
      }
    },
  };
}

async function viewsOf(placed: readonly Placed[]): Promise<Map<string, OrderView>> {
  const views = new Map<string, OrderView>();
  for (const { by, id = '' } of placed) views.set(id, (await by.ok(`GET /api/orders/${id}`)).body);
  return views;
}

/** Reads every event of orders and notifications from a store, through its edge. */
export async function orderLog(url: string, dataDir: string, secretsUrl = 'sqlite:'): Promise<RecordedEvent[]> {
  const options = { dataDir, log: { info: () => {}, warn: () => {}, error: () => {} }, signal: new AbortController().signal };
  const [store, secrets] = await Promise.all([openEventStore(url, options), openSecrets(secretsUrl, options)]);
  const log: RecordedEvent[] = [];
  for await (const page of sealedStore(store, await openSealing({ store, secrets, signal: options.signal })).readAll())
    log.push(...page.filter(({ stream }) => /^(order|notification)-/.test(stream)));
  await Promise.all([store.close(), secrets.close()]);
  return log;
}

interface Found {
  view: OrderView;
  events: RecordedEvent[];
  log: RecordedEvent[];
  /** Mails by address, and what became of the notification of an order. */
  mailed: { to: Map<string, number>; told: Map<string, Telling> };
}

/** Decided once, as the rules say, shown so, and told once. */
function checkOne(one: Placed, { view, events, log, mailed }: Found): void {
  const { status, history, email } = view;
  const what = `order ${one.id}: ${events.map(({ type }) => type).join(' ')}`;
  expect(status, what).toBe(checkDecided(one, events));
  expect(
    history.map((step) => step.time),
    what,
  ).toEqual(events.map(({ time }) => time));
  expect(email).toBe(one.body.email);
  const requested = log.filter(({ type, data }) => type === 'NotificationRequested' && (data as Told).about.stream === `order-${one.id}`);
  expect(requested, what).toHaveLength(status === 'cancelled' ? 0 : 1);
  // One that was cut off waits for the end of its lease; for each attempt that is listed as unknown there may be one more.
  const { status: now = 'sent', unknownAttempts = [] } = mailed.told.get(`order-${one.id}`) ?? {};
  const mails = mailed.to.get(email) ?? 0;
  expect(mails, what).toBeGreaterThanOrEqual(now === 'processing' ? 0 : requested.length);
  expect(mails, what).toBeLessThanOrEqual(requested.length + unknownAttempts.length);
}

interface Told {
  about: { stream: string };
}

interface Telling {
  status: string;
  unknownAttempts: number[];
}

/** Waits until the outcomes are told; answers how, by the order's stream. */
async function mailsSettled(admin: User): Promise<Map<string, Telling>> {
  const undecided = WAITS_FOR_MAILS ? ['pending', 'processing'] : ['pending'];
  const notifications = await vi.waitFor(
    async () => {
      const all = (await notificationsOf(admin)).filter(({ kind }) => kind.startsWith('order_'));
      expect(all.filter(({ status }) => undecided.includes(status))).toEqual([]);
      return all;
    },
    { timeout: 60_000 + (WAITS_FOR_MAILS ? 180_000 : 0), interval: 250 },
  );
  return new Map(notifications.map((one) => [one.about.stream, one]));
}
