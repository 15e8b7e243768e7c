import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type OrderItem, orderContract, totalOf } from '../../contracts/order.ts';
import { type OrderRules, policyOf } from './order-rules.ts';
import { orderRulesProblem, readOrderRules } from './order-rules-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'order-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function file(content: unknown): string {
  const path = join(folder, `rules-${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const EUR = (amount: number) => ({ amount, currency: 'EUR' });
const RULES: OrderRules = {
  prices: { lamp: EUR(1299), ladder: EUR(8900) },
  limits: { currencies: ['EUR'], maxItems: 3, maxQuantity: 10, maxTotal: { EUR: 50_000 } },
};
const lamp = (quantity = 1, unitPrice = EUR(1299)): OrderItem => ({ sku: 'lamp', quantity, unitPrice });

function broken(rules: OrderRules, ...items: OrderItem[]): string[] {
  const total = totalOf(items) ?? expect.fail('too much');
  return policyOf(rules)({ items, total }).map(({ rule, pointer }) => `${rule} ${pointer}`);
}

describe('an order', () => {
  it('that keeps to the rules breaks none', () => expect(broken(RULES, lamp(10), { sku: 'ladder', quantity: 4, unitPrice: EUR(8900) })).toEqual([]));
  it('of something that is not sold is named', () =>
    expect(broken(RULES, lamp(), { sku: 'sofa', quantity: 1, unitPrice: EUR(1) })).toEqual(['unknown_sku /items/1/sku']));
  it('of something named like what every object has is no exception', () =>
    expect(broken(RULES, { sku: 'toString', quantity: 1, unitPrice: EUR(1) })).toEqual(['unknown_sku /items/0/sku']));
  it('at another price is named', () => expect(broken(RULES, lamp(1, EUR(1298)))).toEqual(['price /items/0/unitPrice']));
  it('in another currency is named', () =>
    expect(broken({ limits: { currencies: ['EUR'] } }, lamp(1, { amount: 1, currency: 'USD' }))).toEqual(['currency /items/0/unitPrice/currency']));
  it('of too many items is named', () => expect(broken(RULES, lamp(), lamp(), lamp(), lamp())).toEqual(['items /items']));
  it('of too many of one thing is named, also in several items', () => {
    expect(broken(RULES, lamp(11))).toEqual(['quantity /items/0/quantity']);
    expect(broken(RULES, lamp(6), lamp(5))).toEqual(['quantity /items/1/quantity']);
  });
  it('that costs too much is named; a currency without a limit has none', () => {
    expect(broken({ limits: { maxTotal: { EUR: 1298 } } }, lamp())).toEqual(['total /items']);
    expect(broken({ limits: { maxTotal: { USD: 1 } } }, lamp())).toEqual([]);
  });
  it('is told every rule that it breaks at once', () =>
    expect(broken(RULES, lamp(11, EUR(5000)), { sku: 'sofa', quantity: 1, unitPrice: EUR(1) })).toEqual([
      'price /items/0/unitPrice',
      'unknown_sku /items/1/sku',
      'quantity /items/0/quantity',
      'total /items',
    ]));
});

describe('whatever is ordered', () => {
  const item = fc.record({
    sku: fc.constantFrom('lamp', 'ladder', 'sofa'),
    quantity: fc.integer({ min: 1, max: 20 }),
    unitPrice: fc.constantFrom(EUR(1299), EUR(8900), EUR(1)),
  });
  const some = fc.array(item, { minLength: 1, maxLength: 6 });
  const reasonsOf = (rules: OrderRules, items: OrderItem[]) => policyOf(rules)({ items, total: totalOf(items) ?? EUR(0) });
  it('without rules nothing is broken', () => fc.assert(fc.property(some, (items) => reasonsOf({}, items).length === 0)));
  it('the same order has the same reasons, each as the contract has it', () =>
    fc.assert(
      fc.property(some, (items) => {
        const reasons = reasonsOf(RULES, items);
        expect(reasonsOf(RULES, items)).toEqual(reasons);
        const rejected = { ...orderContract.events.OrderRejected.example, reasons };
        if (reasons.length > 0) expect(orderContract.events.OrderRejected.schema.safeParse(rejected).error).toBeUndefined();
      }),
    ));
  it('is rejected exactly where it breaks what the rules say', () =>
    fc.assert(
      fc.property(some, (items) => {
        const { prices = {}, limits = {} } = RULES;
        const isSold = items.every(({ sku, unitPrice }) => Object.hasOwn(prices, sku) && prices[sku]?.amount === unitPrice.amount);
        const perSku = ['lamp', 'ladder', 'sofa'].map((sku) =>
          items.filter((one) => one.sku === sku).reduce((sum, { quantity }) => sum + quantity, 0),
        );
        const fits =
          items.length <= (limits.maxItems ?? 0) && Math.max(...perSku) <= (limits.maxQuantity ?? 0) && (totalOf(items)?.amount ?? 0) <= 50_000;
        expect(reasonsOf(RULES, items).length === 0).toBe(isSold && fits);
      }),
    ));
});

describe('the file', () => {
  it('is read as it is written', () => expect(readOrderRules(file(RULES))).toEqual(RULES));
  it('may be empty of rules', () => expect(readOrderRules(file({}))).toEqual({}));
  it.each([
    ['that is not there', () => join(folder, 'nowhere.json'), /it cannot be read \(ENOENT\)$/],
    ['that is a folder', () => folder, /it cannot be read \(EISDIR\)$/],
    ['that is no JSON', () => file('{'), /this is no JSON$/],
    ['that is no object', () => file([]), /it is not valid/],
    [
      'with a price in fractions',
      () => file({ prices: { lamp: { amount: 12.5, currency: 'EUR' } } }),
      /\/prices\/lamp\/amount is not valid: must be a whole/,
    ],
    [
      'with a price in no currency',
      () => file({ prices: { lamp: { amount: 1, currency: 'euro' } } }),
      /\/prices\/lamp\/currency is not valid: must be an ISO/,
    ],
    ['with a rule nobody knows', () => file({ maxTotal: 1 }), /Unrecognized key/],
    ['with a limit that is none', () => file({ limits: { maxQuantity: 0 } }), /\/limits\/maxQuantity is not valid/],
  ])('%s is refused in one line', (_, path, what) => {
    const problem = orderRulesProblem(path());
    expect(problem).toMatch(/^must name a JSON file of order rules: [^\n]+$/);
    expect(problem).toMatch(what);
  });
  it('may begin with a byte order mark, as some editors write it', () => {
    expect(readOrderRules(file(`\uFEFF${JSON.stringify(RULES)}`))).toEqual(RULES);
  });
  it('is looked through once, however many orders and items there are', () => {
    let looks = 0;
    const prices = new Proxy({ lamp: EUR(1299) }, { ownKeys: (target) => Reflect.ownKeys(++looks > 0 ? target : {}) });
    const policy = policyOf({ prices });
    const items = Array.from({ length: 100 }, () => lamp());
    for (let n = 0; n < 3; n++) expect(policy({ items, total: totalOf(items) ?? expect.fail('too much') })).toEqual([]);
    expect(looks).toBe(1);
  });
  it('of docs/ORDERS.md and of compose are such', async () => {
    const { readFileSync } = await import('node:fs');
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync(new URL('../../docs/ORDERS.md', import.meta.url), 'utf8')) ?? [];
    expect(orderRulesProblem(file(example))).toBeUndefined();
    expect(orderRulesProblem(new URL('../../servers/order-rules.json', import.meta.url).pathname)).toBeUndefined();
  });
});
