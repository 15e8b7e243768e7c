/** Orders: the dispatcher offers placed orders, and workers compete for them. */
import { isKnown } from '../../contracts/catalog.ts';
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import type { OrderEvent } from '../../contracts/order.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import type { Checkpoint } from '../../platform/followers/checkpoint-type.ts';
import type { FollowContext } from '../../platform/followers/follow.ts';
import { compete } from '../../platform/work/compete.ts';
import { type Dispatcher, type Dispatching, dispatch } from '../../platform/work/dispatch.ts';
import { type Due, dueOf } from '../../platform/work/due.ts';
import { ORDER_DISPATCHER, ORDERS } from './order-rows.ts';
import { type OrderWork, orderWorker } from './orders-work.ts';

/** Reads undecided orders, those due first, with the checkpoint of their read model: as `Dispatching.undecided`, with ids instead of streams. */
export type UndecidedOrders = (limit: number, after: Position | null) => Promise<{ items: (Due & { id: string })[]; checkpoint: Checkpoint } | null>;

export interface OrderWorkersContext extends Omit<OrderWork, 'worker' | 'ending' | 'log'> {
  bus: EventBus;
  log: FollowContext['log'];
  /** Number of order workers in this process; default 4. */
  workers?: number;
  /** Milliseconds that orders at hand are given when the workers stop; default 5,000. */
  grace?: number;
}

export interface OrdersContext extends FollowContext, Omit<OrderWorkersContext, 'log' | 'store'> {
  bus: EventBus;
  undecided: UndecidedOrders;
  /** The most undecided orders that the dispatcher keeps; default 1,000. */
  window?: number;
  /** Milliseconds after which an offered order that is still undecided is offered again; default 60,000. */
  again?: number;
}

export interface Orders {
  dispatcher: Dispatcher;
  /** The number of orders that wait for a worker, an attempt or an outcome, as far as the dispatcher keeps them. */
  waiting(): number;
  /** Stops dispatcher and workers, and waits for the orders at hand; an order that takes longer than `grace` is tried again later. */
  stop(): Promise<void>;
}

/** Starts the dispatcher and this process's workers. */
export function startOrders(context: OrdersContext): Orders {
  const { now = () => new Date() } = context;
  const dispatcher = dispatch(orderDispatching(context.undecided), { ...context, clock: () => now().getTime() });
  const workers = startOrderWorkers(context);
  return {
    dispatcher,
    waiting: dispatcher.waiting,
    stop: async () => {
      await Promise.all([workers.stop(), dispatcher.stop()]);
    },
  };
}

/** Starts the order workers of this process. */
export function startOrderWorkers(context: OrderWorkersContext): { stop(): Promise<void> } {
  const { bus, log, workers = 4, grace } = context;
  return compete({ bus, log, queue: ORDERS, workers, grace, handler: (worker, ending) => orderWorker({ ...context, worker, ending }) });
}

/** The description of orders for the dispatcher: which events make an order due or decided, and which orders are undecided. */
export function orderDispatching(undecided: UndecidedOrders): Dispatching {
  return {
    ...ORDER_DISPATCHER,
    read,
    undecided: async (limit, after) => {
      const found = await undecided(limit, after);
      return (
        found && {
          ...found,
          items: found.items.map(({ id, due, within, leased }) => ({ stream: `order-${id}`, queue: ORDERS, due, within, leased })),
        }
      );
    },
  };
}

function read(recorded: RecordedEvent): ReturnType<Dispatching['read']> {
  if (!isKnown(recorded)) return undefined;
  const event = recorded as RecordedEvent & OrderEvent;
  switch (event.type) {
    case 'OrderPlaced':
    case 'OrderRetried':
    case 'OrderProcessing':
    case 'OrderDeferred':
      return { ...dueOf(event), queue: ORDERS };
    case 'OrderConfirmed':
    case 'OrderRejected':
    case 'OrderFailed':
    case 'OrderCancelled':
      return 'decided';
    default:
      return undefined;
  }
}
