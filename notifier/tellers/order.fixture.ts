import { exampleEvent } from '../../contracts/catalog.ts';
import type { orderKinds } from '../../contracts/notifications/order.ts';
import { accountGone, type Happening, row, type Scenes } from './scenes.fixture.ts';

const ORDER = exampleEvent('OrderPlaced').stream;
const happening = (type: string): Happening => [ORDER, type, exampleEvent(type).data as object];

/** An order that has the outcome which the kind tells. */
export const orderScenes: Scenes<keyof typeof orderKinds> = {
  begin: (kind) => [happening('OrderPlaced'), happening(kind === 'order_rejected' ? 'OrderRejected' : 'OrderConfirmed')],
  request: () => ({ toUser: false, about: { stream: ORDER, revision: 1 } }),
  rows: {
    order_confirmed: [row(null), row(null, [accountGone]), row('the order is rejected', [happening('OrderRejected')])],
    order_rejected: [row(null), row(null, [accountGone]), row('the order is confirmed', [happening('OrderConfirmed')])],
  },
};
