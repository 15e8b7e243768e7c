/** The rules that placed orders are checked by: prices and limits, and the policy that they make. Pure. */
import { z } from 'zod';
import { inWords, MOST_ITEMS, MOST_QUANTITY, type Money, money, type OrderItem, orderedSku, type Reason } from '../../contracts/order.ts';

const currency = money.shape.currency;
const amount = money.shape.amount;

/** The schema of a file of rules (ORDER_RULES). */
export const orderRules = z.strictObject({
  /** The prices by SKU. Where they are given, nothing else is sold. */
  prices: z.record(orderedSku, money).optional(),
  limits: z
    .strictObject({
      /** The most items of an order. */
      maxItems: z.int().min(1).max(MOST_ITEMS).optional(),
      /** The most pieces of one SKU in an order. */
      maxQuantity: z
        .int()
        .min(1)
        .max(MOST_QUANTITY * MOST_ITEMS)
        .optional(),
      /** The highest total of an order by currency, in its smallest unit; other currencies have no limit. */
      maxTotal: z.record(currency, amount).optional(),
      /** The currencies that an order may be in; default: any. */
      currencies: z.array(currency).min(1).optional(),
    })
    .optional(),
});

/** Prices and limits, as the file has them. */
export type OrderRules = z.output<typeof orderRules>;

/** A pure function that returns every reason why an order is to be rejected; none where it keeps to the rules. */
export type OrderJudge = (order: Judged) => Reason[];

/** The fields of an order that the rules look at. */
export interface Judged {
  items: readonly OrderItem[];
  total: Money;
}

/** Makes the policy of these rules. Its reasons name every rule that an order breaks, and the place. */
export function policyOf({ prices, limits = {} }: OrderRules): OrderJudge {
  // Made once: a price list may be long, and every item of every order is looked up.
  const known = prices && new Map(Object.entries(prices));
  return (order) => [
    ...brokenByCurrency(limits.currencies, order),
    ...(known ? order.items.flatMap((item, index) => brokenByPrice(known, item, index)) : []),
    ...brokenByItems(limits.maxItems, order),
    ...brokenByQuantity(limits.maxQuantity, order),
    ...brokenByTotal(limits.maxTotal, order),
  ];
}

function brokenByCurrency(currencies: readonly string[] | undefined, { total }: Judged): Reason[] {
  if (!currencies || currencies.includes(total.currency)) return [];
  return [{ rule: 'currency', pointer: '/items/0/unitPrice/currency', detail: `must be one of ${currencies.join(', ')}` }];
}

function brokenByPrice(prices: ReadonlyMap<string, Money>, { sku: name, unitPrice }: OrderItem, index: number): Reason[] {
  const price = prices.get(name);
  if (!price) return [{ rule: 'unknown_sku', pointer: `/items/${index}/sku`, detail: `there is no ${name}` }];
  if (price.amount === unitPrice.amount && price.currency === unitPrice.currency) return [];
  return [{ rule: 'price', pointer: `/items/${index}/unitPrice`, detail: `${name} costs ${inWords(price)}` }];
}

function brokenByItems(most: number | undefined, { items }: Judged): Reason[] {
  if (most === undefined || items.length <= most) return [];
  return [{ rule: 'items', pointer: '/items', detail: `must be at most ${most}` }];
}

/** The reasons against quantities. Items with the same SKU count together. */
function brokenByQuantity(most: number | undefined, { items }: Judged): Reason[] {
  if (most === undefined) return [];
  const quantities = new Map<string, number>();
  for (const item of items) quantities.set(item.sku, (quantities.get(item.sku) ?? 0) + item.quantity);
  return [...quantities]
    .filter(([, quantity]) => quantity > most)
    .map(([name]) => {
      const index = items.findLastIndex((item) => item.sku === name);
      return { rule: 'quantity', pointer: `/items/${index}/quantity`, detail: `of ${name} at most ${most} are sold in one order` };
    });
}

function brokenByTotal(most: Readonly<Record<string, number>> | undefined, { total }: Judged): Reason[] {
  const limit = most && Object.hasOwn(most, total.currency) ? most[total.currency] : undefined;
  if (limit === undefined || total.amount <= limit) return [];
  return [{ rule: 'total', pointer: '/items', detail: `must cost at most ${inWords({ ...total, amount: limit })} together` }];
}
