/** The policy that tells the outcome of an order to the address it was placed with. Pure. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { OrderEvent } from '../../contracts/order.ts';
import type { Wanted } from '../wanted.ts';

export function orderPolicy(recorded: RecordedEvent): Wanted[] {
  const event = recorded as RecordedEvent & OrderEvent;
  if (event.type !== 'OrderConfirmed' && event.type !== 'OrderRejected') return [];
  const kind = event.type === 'OrderConfirmed' ? 'order_confirmed' : 'order_rejected';
  const about = { stream: event.stream, revision: event.revision };
  return [{ channel: 'email', kind, recipient: { address: event.data.email }, about, causedBy: event.data.maker }];
}
