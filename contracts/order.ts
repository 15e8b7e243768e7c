/**
 * Order: events, commands, topics, views, an example of each. Whoever is logged in places one; workers decide it.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { email, emailOnRecord } from './email.ts';
import { id, instant, line, prose } from './fields.ts';
import { ERASED_ADDRESS, personal } from './personal.ts';
import { typedLine, typedProse } from './typed-text.ts';

const AMOUNT = `must be a whole number of the smallest unit, from 0 to ${Number.MAX_SAFE_INTEGER}`;
/** An amount of money: a whole number of the currency's smallest unit (cents), and the currency by ISO 4217. */
export const money = z.strictObject({
  amount: z.int(AMOUNT).min(0, AMOUNT).meta({ description: 'In the currency’s smallest unit, as cents.' }),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code like EUR')
    .meta({ description: 'ISO 4217, as EUR.' }),
});
export type Money = z.infer<typeof money>;

export const sku = line(1, 64);
export const MOST_ITEMS = 100;
export const MOST_QUANTITY = 10_000;
const QUANTITY = `must be a whole number from 1 to ${MOST_QUANTITY}`;
const quantity = z.int(QUANTITY).min(1, QUANTITY).max(MOST_QUANTITY, QUANTITY);
const item = z.strictObject({
  sku: sku.describe('What is ordered.'),
  quantity: quantity.describe('How many.'),
  unitPrice: money.describe('What one of them costs.'),
});
export type OrderItem = z.infer<typeof item>;
const fromOneUp = <T extends z.ZodType>(one: T) =>
  z.array(one).min(1, 'must have at least one item').max(MOST_ITEMS, `must have at most ${MOST_ITEMS} items`);
const items = fromOneUp(item);
/** The SKU of a new order. It cannot be free text, because it is mailed to whatever address the order names. */
export const orderedSku = typedLine(1, 64).regex(/^[\p{L}\p{N}][\p{L}\p{N}._#+-]*$/u, 'must be letters, digits and . _ # + -, without spaces');
const ordered = fromOneUp(item.extend({ sku: orderedSku }));
const note = prose(1, 1_000);

/** The price of all items together, in the currency of the first; null where it is more than a number holds exactly. */
export function totalOf(all: readonly OrderItem[]): Money | null {
  const amount = all.reduce((sum, one) => sum + BigInt(one.quantity) * BigInt(one.unitPrice.amount), 0n);
  return amount > BigInt(Number.MAX_SAFE_INTEGER) ? null : { amount: Number(amount), currency: all[0]?.unitPrice.currency ?? '' };
}

/** The digits after the point, for currencies that have not two (ISO 4217, 2024). Shops often show fewer; amounts count in the smallest unit. */
const DIGITS: Readonly<Record<string, number>> = Object.fromEntries([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3]),
  ...'CLF UYW'.split(' ').map((code) => [code, 4]),
]);

/** An amount in words: `1299 EUR` (cents) → `12.99 EUR`. Exact, also where a floating-point number would not be. */
export function inWords({ amount, currency }: Money): string {
  const digits = DIGITS[currency] ?? 2;
  const text = String(amount).padStart(digits + 1, '0');
  return digits === 0 ? `${text} ${currency}` : `${text.slice(0, -digits)}.${text.slice(-digits)} ${currency}`;
}

/** A reason why an order is rejected: the rule that it breaks, the place, and what to do. */
const reason = z.strictObject({
  rule: z.enum(['unknown_sku', 'price', 'quantity', 'items', 'currency', 'total']).describe('The rule that it breaks.'),
  pointer: z.string().describe('JSON Pointer (RFC 6901) into the order, as `/items/0/unitPrice`.'),
  detail: z.string().describe('What to do, in words.'),
});
export type Reason = z.infer<typeof reason>;

const attempt = z.int().positive().describe('Which attempt, from 1.');
/** The owner of the order and the address that it was placed with, repeated in the outcome so that its policy looks nothing up. */
const customer = {
  maker: id.describe('The user who placed the order.'),
  email: personal(emailOnRecord, 'address', ERASED_ADDRESS).describe('The address that it was placed with.'),
};
const total = money.describe('The price of all items together.');

const OrderPlaced = z.strictObject({
  ...customer,
  items: items.describe('What is ordered.'),
  total,
  note: personal(note, 'author').optional().describe('What the customer wants to be known; missing where that is nothing.'),
});
const OrderProcessing = z.strictObject({
  attempt,
  worker: z.string().describe('The name of the worker that leased the order.'),
  until: instant.describe(
    'The end of the lease; it comes again, later, where the lease is renewed. Without an outcome until then, the next worker takes the order.',
  ),
  lease: z.int().min(0).optional().describe('Milliseconds that the lease lasts, whatever clocks are set to; missing in events of older releases.'),
});
const OrderDeferred = z.strictObject({
  attempt,
  error: z.string().describe('What went wrong.'),
  nextAttemptAt: instant.describe('The time of the next attempt.'),
  wait: z.int().min(0).optional().describe('Milliseconds until then, whatever clocks are set to; missing in events of older releases.'),
});
const OrderValidated = z.strictObject({ attempt });
const OrderConfirmed = z.strictObject({ attempt, ...customer, total });
const OrderRejected = z.strictObject({ attempt, ...customer, reasons: z.array(reason).min(1).describe('All reasons why.') });
const OrderFailed = z.strictObject({ attempt, reason: z.string().describe('The error of the last attempt.') });
const OrderRetried = z.strictObject({});
const OrderCancelled = z.strictObject({});

export type OrderEvent =
  | DecidedEvent<'OrderPlaced', z.infer<typeof OrderPlaced>>
  | DecidedEvent<'OrderProcessing', z.infer<typeof OrderProcessing>>
  | DecidedEvent<'OrderDeferred', z.infer<typeof OrderDeferred>>
  | DecidedEvent<'OrderValidated', z.infer<typeof OrderValidated>>
  | DecidedEvent<'OrderConfirmed', z.infer<typeof OrderConfirmed>>
  | DecidedEvent<'OrderRejected', z.infer<typeof OrderRejected>>
  | DecidedEvent<'OrderFailed', z.infer<typeof OrderFailed>>
  | DecidedEvent<'OrderRetried', z.infer<typeof OrderRetried>>
  | DecidedEvent<'OrderCancelled', z.infer<typeof OrderCancelled>>;

/** The body of a new order: all items in one currency, with a total that a number holds exactly. */
const PlaceOrder = z
  .strictObject({ items: ordered, email: personal(email, 'address', ERASED_ADDRESS), note: personal(typedProse(1, 1_000), 'author').optional() })
  .superRefine((body, context) => {
    const currency = body.items[0]?.unitPrice.currency;
    for (const [index, { unitPrice }] of body.items.entries()) {
      if (unitPrice.currency === currency) continue;
      context.addIssue({
        code: 'custom',
        path: ['items', index, 'unitPrice', 'currency'],
        message: `must be ${currency}: an order has one currency`,
      });
    }
    const isCountable = body.items.every((one) => Number.isSafeInteger(one.quantity) && Number.isSafeInteger(one.unitPrice.amount));
    if (isCountable && !totalOf(body.items))
      context.addIssue({ code: 'custom', path: ['items'], message: `must cost at most ${Number.MAX_SAFE_INTEGER} together` });
  });

export type OrderRequest =
  | Command<'PlaceOrder', z.infer<typeof PlaceOrder>>
  | Command<'CancelOrder', null>
  /** An operator's command: a failed order is tried again. */
  | Command<'RetryOrder', null>;

/**
 * `placed` until a worker takes it, and between two attempts; `validated` is passed on the way to `confirmed`;
 * `failed`: no attempt came to an end, and an operator has to look at it.
 */
export const ORDER_STATUSES = ['placed', 'processing', 'validated', 'confirmed', 'rejected', 'failed', 'cancelled'] as const;
export const orderStatus = z.enum(ORDER_STATUSES);
export type OrderStatus = z.infer<typeof orderStatus>;

/** The rooms of an order's events: its maker's, and the admins'. */
export function orderTopics(maker: string): string[] {
  return [`user:${maker}`, 'role:admin'];
}

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const CUSTOMER = { maker: ALICE, email: 'alice@example.org' };
const ITEMS = [
  { sku: 'lamp-e27', quantity: 2, unitPrice: { amount: 1299, currency: 'EUR' } },
  { sku: 'ladder', quantity: 1, unitPrice: { amount: 8900, currency: 'EUR' } },
];

export const orderContract = aggregate({
  category: 'order',
  topics: {},
  events: {
    OrderPlaced: {
      begins: true,
      schema: OrderPlaced,
      version: 1,
      summary: 'Somebody placed an order.',
      example: { ...CUSTOMER, items: ITEMS, total: { amount: 11_498, currency: 'EUR' }, note: 'Please ring at the back door.' },
    },
    OrderProcessing: {
      schema: OrderProcessing,
      version: 1,
      summary: 'A worker leased the order for one attempt, or renewed that lease: the attempt takes longer.',
      example: { attempt: 1, worker: 'orders-1', until: '2026-11-21T09:00:10.000Z', lease: 10_000 },
    },
    OrderDeferred: {
      schema: OrderDeferred,
      version: 1,
      summary: 'An attempt went wrong; the next comes later.',
      example: { attempt: 1, error: 'no answer within 5 s', nextAttemptAt: '2026-11-21T09:00:02.000Z', wait: 2_000 },
    },
    OrderValidated: { schema: OrderValidated, version: 1, summary: 'The order keeps to the rules.', example: { attempt: 1 } },
    OrderConfirmed: {
      schema: OrderConfirmed,
      version: 1,
      summary: 'The order is taken; it cannot be cancelled any more.',
      example: { attempt: 1, ...CUSTOMER, total: { amount: 11_498, currency: 'EUR' } },
    },
    OrderRejected: {
      schema: OrderRejected,
      version: 1,
      summary: 'The order breaks rules; each is named.',
      example: { attempt: 1, ...CUSTOMER, reasons: [{ rule: 'price', pointer: '/items/0/unitPrice', detail: 'lamp-e27 costs 13.99 EUR' }] },
    },
    OrderFailed: {
      schema: OrderFailed,
      version: 1,
      summary: 'No attempt came to an end; nobody tries again by themselves.',
      example: { attempt: 5, reason: 'the price list cannot be read' },
    },
    OrderRetried: { schema: OrderRetried, version: 1, summary: 'An operator has a failed order tried again.', example: {} },
    OrderCancelled: { schema: OrderCancelled, version: 1, summary: 'The order was cancelled before it was decided.', example: {} },
  },
  commands: {
    PlaceOrder: {
      method: 'POST',
      path: '/api/orders',
      body: PlaceOrder,
      who: 'user',
      limit: 'orders',
      mailsTo: (order: z.infer<typeof PlaceOrder>) => order.email,
      summary: 'Place an order, in one currency; workers confirm or reject it, and its e-mail address is told.',
      example: { items: ITEMS, email: 'alice@example.org', note: 'Please ring at the back door.' },
    },
    CancelOrder: {
      method: 'POST',
      path: '/api/orders/:id/cancel',
      body: null,
      who: 'user',
      summary: 'Cancel an order that is not confirmed or rejected yet (its maker or an admin).',
      example: null,
    },
    RetryOrder: {
      method: 'POST',
      path: '/api/admin/orders/:id/retry',
      audit: 'operation',
      body: null,
      who: ['admin'],
      summary: 'Have a failed order tried again, with all its attempts.',
      example: null,
    },
  },
});

/** An order in a list, as `GET /api/orders` shows it. */
export const orderSummary = z.strictObject({
  id,
  maker: id,
  status: orderStatus,
  total: money,
  attempts: z.int().nonnegative().meta({ description: 'Attempts that workers began.' }),
  nextAttemptAt: instant.nullable(),
  lastError: z.string().nullable().meta({ description: 'What went wrong in the last attempt that did; null once it is decided.' }),
  createdAt: instant,
  updatedAt: instant,
  revision: z.int().nonnegative(),
});
export type OrderSummary = z.infer<typeof orderSummary>;

/** A step of an order: the status that it came to, the time, and a detail where there is one. */
export const orderStep = z.strictObject({ status: orderStatus, time: instant, attempt: attempt.optional(), detail: z.string().optional() });
export type OrderStep = z.infer<typeof orderStep>;

/** A whole order, as `GET /api/orders/:id` shows it. */
export const orderView = orderSummary.extend({
  items,
  email: emailOnRecord,
  note: note.optional(),
  reasons: z.array(reason).meta({ description: 'Why it was rejected.' }),
  history: z.array(orderStep).meta({ description: 'Where it stood when, oldest first; of a long history the last steps.' }),
});
export type OrderView = z.infer<typeof orderView>;
