import { idOf } from '../../contracts/message.ts';
import type { ToldOfOrder } from '../../contracts/notifications/order.ts';
import { inWords, type OrderItem } from '../../contracts/order.ts';
import type { OrderState } from '../../write-side/deciders/order.ts';
import type { Teller } from './teller.ts';

/** Looks up the facts of an order. */
export const tellOfOrder: Teller<ToldOfOrder> = async ({ about }, { commands }) =>
  orderTold(idOf(about.stream), (await commands.load<OrderState>(about.stream)).state);

/** The facts of an order's state that can be told. Pure. */
export function orderTold(id: string, { items, total, reasons }: Pick<OrderState, 'items' | 'total' | 'reasons'>): ToldOfOrder {
  return {
    id,
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
