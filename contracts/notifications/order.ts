/** The kinds of notification about orders. */
import type { OrderStatus } from '../order.ts';
import { kindAbout, type MailText } from './kind.ts';

/** The facts that can be told of an order. Money is in words, as `12.99 EUR`. */
export interface ToldOfOrder {
  id: string;
  status: OrderStatus;
  /** `price`: of one piece. */
  items: readonly { quantity: number; sku: string; price: string }[];
  total: string;
  /** The reasons why it was rejected. `sku`: of the item that breaks a rule; null where the whole order does. */
  reasons: readonly { sku: string | null; detail: string }[];
}

const aboutOrder = kindAbout<'order', ToldOfOrder>('order', {
  id: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07',
  status: 'rejected',
  items: [{ quantity: 2, sku: 'lamp-e27', price: '12.99 EUR' }],
  total: '25.98 EUR',
  reasons: [
    { sku: 'lamp-e27', detail: 'lamp-e27 costs 13.99 EUR' },
    { sku: null, detail: 'must cost at most 20.00 EUR together' },
  ],
});
const number = ({ id }: ToldOfOrder) => `no. ${id.slice(0, 8)}`;
const title = 'Your order';

/** The outcome that a mail tells is the order's own. */
const unless =
  (outcome: OrderStatus) =>
  ({ status }: ToldOfOrder) =>
    status === outcome ? undefined : `the order is ${status}`;

/** A mail that quotes the order: its items, its total, and why it was not accepted. */
function quoting(lead: string, order: ToldOfOrder): MailText {
  const items = order.items.map(({ quantity, sku, price }) => `${quantity} × ${sku}, ${price} each`);
  const reasons = order.reasons.map(({ sku, detail }) => `- ${sku === null ? '' : `${sku}: `}${detail}`);
  const why = reasons.length > 0 ? ['', 'Why not:', ...reasons] : [];
  return { lead, quote: { title: number(order), description: [...items, `Total: ${order.total}`, ...why].join('\n') } };
}

export const orderKinds = {
  order_confirmed: aboutOrder({
    channels: ['email'],
    outdated: unless('confirmed'),
    subject: (order) => `Order confirmed: ${number(order)}`,
    text: (order) => quoting('your order is confirmed:', order),
    toStrangers: (site) => `an order at ${site} that names this address is confirmed.`,
    inbox: { title, text: 'It is confirmed.' },
    aloud: true,
  }),
  order_rejected: aboutOrder({
    channels: ['email'],
    outdated: unless('rejected'),
    subject: (order) => `Order not accepted: ${number(order)}`,
    text: (order) => quoting('your order cannot be accepted:', order),
    toStrangers: (site) => `an order at ${site} that names this address cannot be accepted.`,
    inbox: { title, text: 'It cannot be accepted.' },
    aloud: true,
  }),
};
