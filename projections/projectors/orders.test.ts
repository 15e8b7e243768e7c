import { describe, expect, it } from 'vitest';
import { orderContract, orderView } from '../../contracts/order.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { orders } from './orders.ts';

const placed = { type: 'OrderPlaced' };
const processing = (attempt = 1) => ({ type: 'OrderProcessing', data: { attempt } });
const { email, note, items, total } = orderContract.events.OrderPlaced.example;
const { until } = orderContract.events.OrderProcessing.example;
const { nextAttemptAt, error } = orderContract.events.OrderDeferred.example;
const { reason } = orderContract.events.OrderFailed.example;
const statuses = (...events: { type: string; data?: object }[]) => folded(orders, stream(...events))?.history.map(({ status }) => status);

describe('an order', () => {
  it('begins placed, with what was ordered', () =>
    given(orders, placed).becomes({ status: 'placed', items, total, attempts: 0, createdAt: minute(0), due: minute(0) }));
  it('is at work until its lease ends', () =>
    given(orders, placed, processing()).becomes({ status: 'processing', attempts: 1, due: until, updatedAt: minute(1) }));
  it('waits for its next attempt with the error of the last one', () =>
    given(orders, placed, processing(), { type: 'OrderDeferred' }).becomes({
      status: 'placed',
      nextAttemptAt,
      lastError: error,
      due: nextAttemptAt,
    }));
  it('is confirmed, and nobody looks at it any more', () =>
    given(orders, placed, processing(), { type: 'OrderValidated' }, { type: 'OrderConfirmed' }).becomes({
      status: 'confirmed',
      due: null,
      revision: 3,
    }));
  it('is rejected with its reasons', () =>
    given(orders, placed, processing(), { type: 'OrderRejected' }).becomes({
      status: 'rejected',
      due: null,
      reasons: orderContract.events.OrderRejected.example.reasons as never,
    }));
  it('has failed with the last reason, until an operator has it tried again', () => {
    given(orders, placed, processing(5), { type: 'OrderFailed' }).becomes({ status: 'failed', lastError: reason, due: null, deadAt: minute(2) });
    given(orders, placed, processing(5), { type: 'OrderFailed' }, { type: 'OrderRetried' }).becomes({
      status: 'placed',
      due: minute(3),
      deadAt: null,
    });
  });
  it('is cancelled, and nobody looks at it any more', () =>
    given(orders, placed, processing(), { type: 'OrderCancelled' }).becomes({ status: 'cancelled', due: null }));
  it('shows every step with its time', () => {
    const all = [placed, processing(1), { type: 'OrderDeferred' }, processing(2), { type: 'OrderValidated' }, { type: 'OrderConfirmed' }];
    expect(statuses(...all)).toEqual(['placed', 'processing', 'placed', 'processing', 'validated', 'confirmed']);
    expect(folded(orders, stream(...all))?.history.slice(1, 3)).toEqual([
      { status: 'processing', time: minute(1), attempt: 1 },
      { status: 'placed', time: minute(2), attempt: 1, detail: error },
    ]);
  });
  it('shows an attempt whose lease was renewed as one step, and is due when the last lease ends', () => {
    const later = '2026-11-21T10:00:00.000Z';
    const renewal = { type: 'OrderProcessing', data: { attempt: 1, until: later } };
    expect(statuses(placed, processing(1), renewal)).toEqual(['placed', 'processing']);
    given(orders, placed, processing(1), renewal).becomes({ status: 'processing', attempts: 1, due: later, revision: 2 });
  });
  it('keeps the last steps of a long history', () => {
    const again = Array.from({ length: 80 }, () => [{ type: 'OrderFailed' }, { type: 'OrderRetried' }]).flat();
    expect(statuses(placed, ...again)).toHaveLength(100);
  });
  it('has nothing personal in its document', () => {
    const rejected = JSON.stringify(folded(orders, stream(placed, processing(), { type: 'OrderRejected' })));
    const confirmed = JSON.stringify(folded(orders, stream(placed, processing(), { type: 'OrderConfirmed' })));
    for (const text of [email, note]) for (const document of [rejected, confirmed]) expect(document).not.toContain(text);
  });
  it('is what the contract shows, but for what is personal and the keys to query by', () => {
    const { due: _, within: __, deadAt: ___, ...document } = folded(orders, stream(placed, processing(), { type: 'OrderFailed' })) ?? {};
    expect(orderView.safeParse({ id: '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a02', email, note, ...document }).error).toBeUndefined();
  });
});

describe('invariant 8: an event that cannot follow is an error, never half a document', () => {
  it.each(orders.events.filter((type) => type !== 'OrderPlaced'))('%s on an order nobody placed', (type) => given(orders, { type }).outOfPlace());
  it('a second placing', () => given(orders, placed, placed).outOfPlace());
  it('every event of the contract is folded', () => expect(orders.events).toEqual(Object.keys(orderContract.events)));
});
