import { idOf } from '../../contracts/message.ts';
import type { ToldOfOrder } from '../../contracts/notifications/order.ts';
import { inWords, type OrderItem } from '../../contracts/order.ts';
import type { OrderState } from '../../write-side/deciders/order.ts';
import { Withdrawn } from '../withdrawn.ts';
import { type Teller, whole } from './teller.ts';

/** Looks up the facts of an order. */
export const tellOfOrder: Teller<ToldOfOrder> = async ({ about }, context) => {
  const order = await whole<OrderState>(about.stream, context);
  if (!order.exists) throw new Withdrawn('the order is not there any more');
  return orderTold(idOf(about.stream), order);
};

/** The facts of an order's state that can be told. Pure. */
export function orderTold(id: string, order: Pick<OrderState, 'status' | 'items' | 'total' | 'reasons'>): ToldOfOrder {
  const { status, items, total, reasons } = order;
  return {
    id,
    status,
    items: items.map(({ quantity, sku, unitPrice }) => ({ quantity, sku, price: inWords(unitPrice) })),
    total: inWords(total),
    reasons: reasons.map(({ pointer, detail }) => ({ sku: skuAt(pointer, items), detail })),
  };
}

/** The SKU of the item that a pointer is into: `/items/0/unitPrice` → `lamp-e27`; null for a pointer to no item. */
function skuAt(pointer: string, items: readonly OrderItem[]): string | null {
  const [, index] = /^\/items\/(\d+)\//.exec(pointer) ?? [];
  return index === undefined ? null : (items[Number(index)]?.sku ?? null);
}
