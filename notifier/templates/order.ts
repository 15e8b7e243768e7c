/** What a mail says of an order: its number, what was ordered, what it costs, and why it was not accepted. */
import { type Item, inWords, type Money, type Reason } from '../../contracts/order.ts';
import type { TemplateData } from './templates.ts';

/** An order as its mail shows it. */
export interface OrderedThings {
  items: readonly Item[];
  total: Money;
  reasons: readonly Reason[];
}

/** Title and description of the mail; there is no page of an order to lead to. */
export function ofOrder(id: string, { items, total, reasons }: OrderedThings): Omit<TemplateData, 'name'> {
  const lines = items.map(({ sku, quantity, unitPrice }) => `${quantity} × ${sku}, ${inWords(unitPrice)} each`);
  const why = reasons.map(({ pointer, detail }) => `- ${itemOf(pointer, items)}${detail}`);
  const description = [...lines, `Total: ${inWords(total)}`, ...(why.length > 0 ? ['', 'Why not:', ...why] : [])].join('\n');
  return { title: `no. ${id.slice(0, 8)}`, description, own: true, link: '' };
}

/** `/items/0/unitPrice` → `lamp-e27: `; of the whole order, nothing. */
function itemOf(pointer: string, items: readonly Item[]): string {
  const [, index = ''] = /^\/items\/(\d+)\//.exec(pointer) ?? [];
  const item = items[Number(index)];
  return index === '' || !item ? '' : `${item.sku}: `;
}
