import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { notificationContract } from '../../contracts/notification.ts';
import { kinds } from '../../contracts/notifications/kinds.ts';
import { orderContract, type Reason } from '../../contracts/order.ts';
import { render, wordsOf } from '../render.ts';
import { orderTold } from '../tellers/order.ts';
import { orderPolicy } from './order.ts';

const { items, total, email, maker } = orderContract.events.OrderPlaced.example;
const reasons = orderContract.events.OrderRejected.example.reasons as Reason[];
const ID = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';

describe('of an order', () => {
  it.each([
    ['OrderConfirmed', 'order_confirmed'],
    ['OrderRejected', 'order_rejected'],
  ])('%s is told to the address it was placed with', (type, kind) => {
    const event = exampleEvent(type, { revision: 2 });
    const wanted = orderPolicy(event);
    expect(wanted).toEqual([
      { channel: 'email', kind, recipient: { address: email }, about: { stream: event.stream, revision: 2 }, causedBy: maker },
    ]);
    expect(notificationContract.events.NotificationRequested.schema.parse(wanted[0])).toEqual(wanted[0]);
  });
  it.each(Object.keys(orderContract.events).filter((type) => !/Confirmed|Rejected/.test(type)))('%s makes no mail', (type) =>
    expect(orderPolicy(exampleEvent(type))).toEqual([]),
  );
});

describe('its mail', () => {
  const mailOf = (kind: 'order_confirmed' | 'order_rejected', more: object = {}) =>
    render('', wordsOf(kinds[kind], orderTold(ID, { status: 'confirmed', items, total, reasons: [], ...more }), 'https://tasks.example.org'));
  it('says which order, what was ordered, and what it costs, exactly', () => {
    const { subject, text } = mailOf('order_confirmed');
    expect(subject).toBe('Order confirmed: no. 7d9f2b2e');
    for (const part of ['2 × lamp-e27, 12.99 EUR each', '1 × ladder, 89.00 EUR each', 'Total: 114.98 EUR']) expect(text).toContain(part);
  });
  it('leads nowhere: an order has no page', () => {
    const { text, html } = mailOf('order_confirmed');
    expect(`${text}${html}`).not.toMatch(/See the order|<a /);
  });
  it('says why it was not accepted, item by item', () =>
    expect(mailOf('order_rejected', { reasons }).text).toContain('Why not:\n- lamp-e27: lamp-e27 costs 13.99 EUR'));
  it.each([
    [{ amount: 5, currency: 'EUR' }, '0.05 EUR'],
    [{ amount: 1500, currency: 'JPY' }, '1500 JPY'],
    [{ amount: 1234, currency: 'KWD' }, '1.234 KWD'],
    [{ amount: 1234, currency: 'IQD' }, '1.234 IQD'],
    [{ amount: 129_900, currency: 'HUF' }, '1299.00 HUF'],
    [{ amount: 129_900, currency: 'IDR' }, '1299.00 IDR'],
    [{ amount: Number.MAX_SAFE_INTEGER, currency: 'USD' }, '90071992547409.91 USD'],
  ])('has money as people write it: %o', (money, words) => expect(mailOf('order_confirmed', { total: money }).text).toContain(`Total: ${words}`));
});
