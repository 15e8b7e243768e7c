import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { MOST_QUANTITY, type OrderEvent, orderContract, type Reason } from '../../contracts/order.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { type OrderCommand, type OrderState, order } from './order.ts';

const WORKER: Actor = { id: 'worker:b', role: 'system', seesAll: true };
const LATER = '2026-11-21T09:00:10.000Z';
const AFTERWARDS = '2026-11-21T09:00:10.001Z';
const { OrderPlaced, OrderRejected } = orderContract.events;
const { maker, email, total, items } = OrderPlaced.example;
const { reasons } = OrderRejected.example as { reasons: Reason[] };

const placed = { type: 'OrderPlaced', data: OrderPlaced.example } as OrderEvent;
const processing = (attempt: number, worker = 'a', until = LATER): OrderEvent => ({ type: 'OrderProcessing', data: { attempt, worker, until } });
const deferred = (attempt: number): OrderEvent => ({ type: 'OrderDeferred', data: { attempt, error: 'away', nextAttemptAt: LATER } });
const failed = (attempt: number, reason = 'away'): OrderEvent => ({ type: 'OrderFailed', data: { attempt, reason } });
const retried: OrderEvent = { type: 'OrderRetried', data: {} };
const cancelled: OrderEvent = { type: 'OrderCancelled', data: {} };
const confirmed = (attempt: number): OrderEvent[] => [
  { type: 'OrderValidated', data: { attempt } },
  { type: 'OrderConfirmed', data: { attempt, maker, email, total } },
];
const rejected = (attempt: number): OrderEvent => ({ type: 'OrderRejected', data: { attempt, maker, email, reasons } });

const ask = (type: OrderCommand['type'], actor: Actor = ALICE) => command<OrderCommand>(type, null, { actor });
const tell = (type: OrderCommand['type'], data: object, now = NOW) => command<OrderCommand>(type, data, { now, actor: WORKER });
const lease = (worker = 'b', now = NOW) => tell('LeaseOrder', { worker, until: LATER, attempts: 5 }, now);
const place = (data: object) => command<OrderCommand>('PlaceOrder', data);

describe('placing', () => {
  it('records what was asked for, by whom, and what it costs together', () => {
    given(order)
      .when(place({ items, email, note: 'Please ring at the back door.' }))
      .then(placed);
  });
  it('on an order that is there already is refused', () => given(order, placed).when(place({ items, email })).refuses('conflict'));
  it('of more than can be counted is refused', () => {
    const many = [{ sku: 'gold', quantity: MOST_QUANTITY, unitPrice: { amount: Number.MAX_SAFE_INTEGER, currency: 'EUR' } }];
    given(order)
      .when(place({ items: many, email }))
      .refuses('invalid', '/items');
  });
});

describe('a renewal', () => {
  const renew = (attempt: number, worker = 'a') => tell('RenewOrder', { attempt, worker, until: AFTERWARDS });
  it('of the attempt at work ends its lease later', () =>
    given(order, placed, processing(1))
      .when(renew(1))
      .then(processing(1, 'a', AFTERWARDS)));
  it('of another worker, of an overtaken attempt, or of one that is over is refused', () => {
    given(order, placed, processing(1)).when(renew(1, 'b')).refuses('conflict');
    given(order, placed, processing(1), processing(2, 'b')).when(renew(1)).refuses('conflict');
    given(order, placed, processing(1), deferred(1)).when(renew(1)).refuses('conflict');
  });
});

describe('a lease', () => {
  it('begins the first attempt', () => given(order, placed).when(lease()).then(processing(1, 'b')));
  it('is refused where nothing was placed', () => given(order).when(lease()).refuses('not_found'));
  it('is refused while another one holds', () => given(order, placed, processing(1)).when(lease()).refuses('conflict'));
  it('is refused before the next attempt is due', () => given(order, placed, processing(1), deferred(1)).when(lease()).refuses('conflict'));
  it('begins the next attempt when that is due', () =>
    given(order, placed, processing(1), deferred(1)).when(lease('b', LATER)).then(processing(2, 'b')));
  it('that ran out leaves the order to the next worker', () =>
    given(order, placed, processing(1)).when(lease('b', AFTERWARDS)).then(processing(2, 'b')));
  it('after the last one that ran out ends it: what ends every worker does not go on for ever', () =>
    given(order, placed, processing(5))
      .when(lease('b', AFTERWARDS))
      .then(failed(5, 'the last attempt did not tell how it went: its worker died or hung')));
  it.each([
    ['confirmed', confirmed(1)],
    ['rejected', [rejected(1)]],
    ['failed', [failed(1)]],
    ['cancelled', [cancelled]],
  ])('is refused where it is %s', (_, events) =>
    given(order, placed, processing(1), ...events)
      .when(lease('b', AFTERWARDS))
      .refuses('conflict'),
  );
});

it('a lease counts as over for who has watched it to its end, whatever the clock shows', () => {
  const watched = (waited: string, now: string) => tell('LeaseOrder', { worker: 'b', until: LATER, attempts: 5, waited }, now);
  const held = given(order, placed, processing(1));
  const { until } = processing(1).data as { until: string };
  held.when(watched(until, '2000-01-01T00:00:00.000Z')).then(processing(2, 'b'));
  held.when(watched('2000-01-01T00:00:00.000Z', '2999-01-01T00:00:00.000Z')).refuses('conflict');
  given(order, placed, processing(1), deferred(1)).when(watched(LATER, '2000-01-01T00:00:00.000Z')).then(processing(2, 'b'));
});

describe('what comes of an attempt', () => {
  const leased = given(order, placed, processing(1));
  it('is a confirmation where no rule is broken', () =>
    leased.when(tell('DecideOrder', { attempt: 1, reasons: [] })).then(...(confirmed(1) as [OrderEvent, OrderEvent])));
  it('is a rejection with every reason', () => leased.when(tell('DecideOrder', { attempt: 1, reasons })).then(rejected(1)));
  it('is a later attempt', () => leased.when(tell('DeferOrder', { attempt: 1, error: 'away', nextAttemptAt: LATER })).then(deferred(1)));
  it('is its end', () => leased.when(tell('FailOrder', { attempt: 1, reason: 'away' })).then(failed(1)));
  it('counts when it comes late and nobody leased it meanwhile', () =>
    leased.when(tell('DecideOrder', { attempt: 1, reasons }, AFTERWARDS)).then(rejected(1)));
  it('of an attempt that another worker has overtaken is refused', () =>
    given(order, placed, processing(1), processing(2, 'b'))
      .when(tell('DecideOrder', { attempt: 1, reasons }))
      .refuses('conflict'));
  it('is nothing where it was cancelled meanwhile', () =>
    given(order, placed, processing(1), cancelled)
      .when(tell('DecideOrder', { attempt: 1, reasons }))
      .refuses('conflict'));
});

describe('cancelling', () => {
  it.each([
    ['placed', []],
    ['at work', [processing(1)]],
    ['put off', [processing(1), deferred(1)]],
    ['failed', [processing(1), failed(1)]],
  ])('is there for what is %s', (_, events) =>
    given(order, placed, ...events)
      .when(ask('CancelOrder'))
      .then(cancelled),
  );
  it('again changes nothing', () => given(order, placed, cancelled).when(ask('CancelOrder')).then());
  it.each([
    ['confirmed', confirmed(1)],
    ['rejected', [rejected(1)]],
  ])('comes too late for what is %s', (_, events) =>
    given(order, placed, processing(1), ...events)
      .when(ask('CancelOrder'))
      .refuses('conflict'),
  );
  it('is its maker’s and the admins’', () => {
    given(order, placed).when(ask('CancelOrder', ADMIN)).then(cancelled);
    given(order, placed).when(ask('CancelOrder', BOB)).refuses('not_found');
  });
});

describe('trying again', () => {
  it('is for what failed, which then has all its attempts again', () => {
    given(order, placed, processing(5), failed(5)).when(ask('RetryOrder', ADMIN)).then(retried);
    given(order, placed, processing(5), failed(5), retried).when(lease()).then(processing(6, 'b'));
    given(order, placed, processing(5), failed(5), retried, processing(10))
      .when(lease('b', AFTERWARDS))
      .then(failed(10, 'the last attempt did not tell how it went: its worker died or hung'));
  });
  it('of anything else is refused', () => given(order, placed).when(ask('RetryOrder', ADMIN)).refuses('conflict'));
});

/** Anybody at any time wants anything. */
const anyCommand: fc.Arbitrary<OrderCommand> = fc
  .record({
    type: fc.constantFrom<OrderCommand['type'][]>(
      ...(['LeaseOrder', 'LeaseOrder', 'DecideOrder', 'DeferOrder', 'FailOrder', 'CancelOrder', 'RetryOrder', 'PlaceOrder'] as const),
    ),
    attempt: fc.integer({ min: 1, max: 8 }),
    worker: fc.constantFrom('a', 'b'),
    reasons: fc.constantFrom([], reasons),
    actor: fc.constantFrom(ALICE, BOB, ADMIN, WORKER),
    minute: fc.integer({ min: 0, max: 59 }),
  })
  .map(({ type, attempt, worker, reasons: why, actor, minute }) => {
    const at = (m: number) => new Date(Date.parse(NOW) + m * 60_000).toISOString();
    const told = { attempt, worker, until: at(minute + 2), nextAttemptAt: at(minute + 1), attempts: 2, reasons: why, error: 'away', reason: 'away' };
    const data = type === 'PlaceOrder' ? { items, email } : told;
    return command<OrderCommand>(type, data, { now: at(minute), actor: /Lease|Decide|Defer|Fail/.test(type) ? WORKER : actor });
  });

interface Step {
  before: OrderState;
  decided: OrderEvent[];
  now: string;
}

function run(commands: readonly OrderCommand[]): Step[] {
  let state = order.evolve(order.initial, placed);
  return commands
    .toSorted((a, b) => (a.now < b.now ? -1 : 1))
    .map((one) => {
      const decision = order.decide(one, state, {});
      const decided = 'refused' in decision ? [] : decision;
      const step = { before: state, decided, now: one.now };
      state = decided.reduce(order.evolve, state);
      return step;
    });
}

const events = (steps: readonly Step[]) => steps.flatMap(({ decided }) => decided);
const FINAL = ['OrderConfirmed', 'OrderRejected', 'OrderCancelled'];

describe('whoever does what and when', () => {
  const always = (law: (steps: Step[]) => void) =>
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => law(run(commands))),
      { numRuns: 500 },
    );

  it('an order is decided at most once, and nothing happens to it afterwards', () =>
    always((steps) => {
      const all = events(steps).map(({ type }) => type);
      const end = all.findIndex((type) => FINAL.includes(type));
      if (end >= 0) expect(all.slice(end + 1)).toEqual([]);
    }));
  it('a lease that holds is nobody else’s', () =>
    always((steps) => {
      for (const { before, decided, now } of steps)
        if (decided[0]?.type === 'OrderProcessing') expect((before.lease?.until ?? '') <= now && (before.nextAttemptAt ?? '') <= now).toBe(true);
    }));
  it('there are at most so many attempts in a row without an operator', () =>
    always((steps) => {
      let inARow = 0;
      for (const { type } of events(steps)) {
        if (type === 'OrderRetried') inARow = 0;
        if (type === 'OrderProcessing') expect(++inARow).toBeLessThanOrEqual(2);
      }
    }));
  it('every event fits its contract', () =>
    always((steps) => {
      for (const { type, data } of events(steps)) expect(orderContract.events[type].schema.safeParse(data).error).toBeUndefined();
    }));
});

describe('what is asked for over HTTP', () => {
  const body = orderContract.commands.PlaceOrder.body;
  const item = (quantity: unknown, amount: unknown, currency = 'EUR') => ({ sku: 'lamp', quantity, unitPrice: { amount, currency } });
  const pointers = (all: unknown[], more: object = {}) =>
    body.safeParse({ items: all, email: 'a@example.org', ...more }).error?.issues.map(({ path }) => path.join('/')) ?? [];
  it.each([
    ['no item', [], 'items'],
    ['more than a hundred', Array.from({ length: 101 }, () => item(1, 1)), 'items'],
    ['none of a thing', [item(0, 1)], 'items/0/quantity'],
    ['more than ten thousand of a thing', [item(10_001, 1)], 'items/0/quantity'],
    ['half a thing', [item(1.5, 1)], 'items/0/quantity'],
    ['a fraction of a cent', [item(1, 12.5)], 'items/0/unitPrice/amount'],
    ['less than nothing', [item(1, -1)], 'items/0/unitPrice/amount'],
    ['an amount that is not exact', [item(1, 2 ** 53)], 'items/0/unitPrice/amount'],
    ['a total that is not exact', [item(2, 2 ** 53 - 1)], 'items'],
    ['money as text', [item(1, '1')], 'items/0/unitPrice/amount'],
    ['a currency that is none', [item(1, 1, 'eur')], 'items/0/unitPrice/currency'],
    ['two currencies', [item(1, 1), item(1, 1, 'USD')], 'items/1/unitPrice/currency'],
    ['text in the place of a thing’s name', [{ ...item(1, 1), sku: 'Your account is locked' }], 'items/0/sku'],
    ['an address in its place', [{ ...item(1, 1), sku: 'https://example.org/' }], 'items/0/sku'],
  ])('is refused with %s', (_, all, pointer) => expect(pointers(all)).toEqual([pointer]));
  it('needs an address', () => expect(pointers([item(1, 1)], { email: 'nobody' })).toEqual(['email']));
  it('may be as large as it may be', () => {
    expect(pointers(Array.from({ length: 100 }, () => item(10_000, 1)))).toEqual([]);
    expect(pointers([item(1, Number.MAX_SAFE_INTEGER)])).toEqual([]);
  });
});
