/** Read model `orders`: each order's status and steps. Its e-mail address and note are personal: they stay in its stream. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { OrderEvent, OrderStatus, OrderStep, OrderView } from '../../contracts/order.ts';
import { withoutServers } from '../../platform/without-servers.ts';
import { dueOf } from '../../platform/work/due.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** An order as it is stored. */
export type OrderDocument = Omit<OrderView, 'id' | 'email' | 'note'> & {
  /** The time when the dispatcher has to look at it: at once, at its next attempt, at its lease's end; null: never. */
  due: string | null;
  /** Milliseconds that it had to wait for that; null: none. */
  within: number | null;
  /** The time when it became a dead letter; null for none. */
  deadAt: string | null;
};

/** The most steps kept, so that an order that is retried again and again does not grow without end. */
const MOST_STEPS = 100;

type EventOf<T extends OrderEvent['type']> = Extract<OrderEvent, { type: T }>;
type Later = Exclude<OrderEvent, EventOf<'OrderPlaced'>>;

function evolve(document: Folded<OrderDocument>, recorded: RecordedEvent): OrderDocument {
  const event = recorded as RecordedEvent & OrderEvent;
  if (event.type === 'OrderPlaced') {
    beginning(document, recorded);
    return placed(recorded, event.data);
  }
  const before = existing(document, recorded);
  const after = { ...before, nextAttemptAt: null, due: null, within: null, deadAt: null, ...changed(event) };
  const { time, revision } = event;
  const history = isRenewal(before, event) ? before.history : [...before.history, step(event, after.status)].slice(-MOST_STEPS);
  return { ...after, updatedAt: time, revision, history };
}

/** True for a worker's word that an attempt which is under way takes longer: the order stays where it stood. */
function isRenewal({ status, attempts }: OrderDocument, event: Later): boolean {
  return event.type === 'OrderProcessing' && status === 'processing' && event.data.attempt === attempts;
}

function placed({ time, revision }: RecordedEvent, { maker, items, total }: EventOf<'OrderPlaced'>['data']): OrderDocument {
  return {
    maker,
    status: 'placed',
    total,
    attempts: 0,
    nextAttemptAt: null,
    lastError: null,
    createdAt: time,
    updatedAt: time,
    revision,
    items,
    reasons: [],
    history: [{ status: 'placed', time }],
    due: time,
    within: 0,
    deadAt: null,
  };
}

/** The fields of an undecided order, by the event that leased it, put it off, or began it. */
function waiting(event: RecordedEvent & Later): Pick<OrderDocument, 'due' | 'within'> {
  const { due, within = null } = dueOf(event);
  return { due, within };
}

function changed(event: RecordedEvent & Later): Partial<OrderDocument> {
  switch (event.type) {
    case 'OrderProcessing':
      return { status: 'processing', attempts: event.data.attempt, ...waiting(event) };
    case 'OrderDeferred': {
      const { error, nextAttemptAt } = event.data;
      return { status: 'placed', lastError: withoutServers(error), nextAttemptAt, ...waiting(event) };
    }
    case 'OrderValidated':
      return { status: 'validated' };
    case 'OrderConfirmed':
      return { status: 'confirmed', lastError: null };
    case 'OrderRejected':
      return { status: 'rejected', lastError: null, reasons: event.data.reasons };
    case 'OrderFailed':
      return { status: 'failed', lastError: withoutServers(event.data.reason), deadAt: event.time };
    case 'OrderRetried':
      return { status: 'placed', ...waiting(event) };
    case 'OrderCancelled':
      return { status: 'cancelled', lastError: null };
    default:
      event satisfies never;
      return {};
  }
}

function step(event: RecordedEvent & Later, status: OrderStatus): OrderStep {
  const { time, data } = event;
  const detail = detailOf(event);
  return { status, time, ...('attempt' in data ? { attempt: data.attempt } : {}), ...(detail ? { detail } : {}) };
}

function detailOf(event: Later): string | undefined {
  switch (event.type) {
    case 'OrderDeferred':
      return withoutServers(event.data.error);
    case 'OrderFailed':
      return withoutServers(event.data.reason);
    case 'OrderRetried':
      return 'tried again by an operator';
    default:
      return undefined;
  }
}

export const orders = projector<OrderDocument>({
  model: {
    name: 'orders',
    version: 3,
    fields: { maker: 'text', status: 'text', createdAt: 'text', due: 'text', deadAt: 'text' },
    indexes: [['maker', 'createdAt'], ['status', 'createdAt'], ['createdAt'], ['due'], ['deadAt']],
  },
  events: [
    'OrderPlaced',
    'OrderProcessing',
    'OrderDeferred',
    'OrderValidated',
    'OrderConfirmed',
    'OrderRejected',
    'OrderFailed',
    'OrderRetried',
    'OrderCancelled',
  ],
  key: byStream,
  evolve,
});
