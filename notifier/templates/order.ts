/** What a mail says of an order: its number, what was ordered, what it costs, and why it was not accepted. */
import type { Item, Money, Reason } from '../../contracts/order.ts';
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

/** `1299 EUR` (cents) → `12.99 EUR`: exact, also where a number with a point would not be. */
function inWords({ amount, currency }: Money): string {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  const text = String(amount).padStart(digits + 1, '0');
  return digits === 0 ? `${text} ${currency}` : `${text.slice(0, -digits)}.${text.slice(-digits)} ${currency}`;
}

/** `/items/0/unitPrice` → `lamp-e27: `; of the whole order, nothing. */
function itemOf(pointer: string, items: readonly Item[]): string {
  const [, index = ''] = /^\/items\/(\d+)\//.exec(pointer) ?? [];
  const item = items[Number(index)];
  return index === '' || !item ? '' : `${item.sku}: `;
}
