/** Order: the rules of placing, leasing, deciding and cancelling. */
import type { Command } from '../../contracts/aggregate.ts';
import {
  type Money,
  type OrderEvent,
  type OrderItem,
  type OrderRequest,
  type OrderStatus,
  orderTopics,
  type Reason,
  totalOf,
} from '../../contracts/order.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { decider } from '../decider.ts';
import { isDue, isOver } from './due.ts';

export interface OrderState {
  exists: boolean;
  status: OrderStatus;
  maker: string;
  email: string;
  items: readonly OrderItem[];
  total: Money;
  /** Number of attempts begun. */
  attempts: number;
  /** Number of attempts begun before an operator's last retry: the limit does not count them. */
  forgiven: number;
  /** The worker that leased the order, and the lease's end (ISO 8601); null without a lease. */
  lease: { worker: string; until: string } | null;
  /** The time before which no attempt may begin (ISO 8601); null: at once. */
  nextAttemptAt: string | null;
  /** The reason why the order failed; empty where it has not. */
  failure: string;
  /** The reasons why the order was rejected; empty where it was not. */
  reasons: readonly Reason[];
}

export const initial: OrderState = {
  exists: false,
  status: 'placed',
  maker: '',
  email: '',
  items: [],
  total: { amount: 0, currency: '' },
  attempts: 0,
  forgiven: 0,
  lease: null,
  nextAttemptAt: null,
  failure: '',
  reasons: [],
};

/**
 * The commands of a worker: it wants the next attempt, or tells how its attempt goes or went. `lease`, `wait`: milliseconds until `until` and `nextAttemptAt`;
 * `waited`: the time for which the offer has waited; `attempts`: the most attempts in all.
 */
export type OrderWorkCommand =
  | Command<'LeaseOrder', { worker: string; until: string; lease?: number; waited?: string; attempts: number }>
  /** Renews the lease of an attempt that is alive. */
  | Command<'RenewOrder', { attempt: number; worker: string; until: string; lease: number }>
  | Command<'DecideOrder', { attempt: number; reasons: Reason[] }>
  | Command<'DeferOrder', { attempt: number; error: string; nextAttemptAt: string; wait?: number }>
  | Command<'FailOrder', { attempt: number; reason: string }>;
export type OrderCommand = OrderRequest | OrderWorkCommand;

type CommandOf<T extends OrderCommand['type']> = Extract<OrderCommand, { type: T }>;
type Decision = OrderEvent[] | Refusal;

const NOT_FOUND: Refusal = { refused: 'not_found', detail: 'There is no such order.' };
const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });

function decide(command: OrderCommand, state: OrderState): Decision {
  if (command.type === 'PlaceOrder') return place(command, state);
  if (!state.exists || !isTheirs(command, state)) return NOT_FOUND;
  switch (command.type) {
    case 'CancelOrder':
      return cancel(state);
    case 'RetryOrder':
      return state.status === 'failed' ? [{ type: 'OrderRetried', data: {} }] : conflict(`It is ${state.status}: only what failed is tried again.`);
    case 'LeaseOrder':
      return lease(command, state);
    default:
      return outcome(command, state);
  }
}

/** True where the actor may act on the order: its maker, an admin, or a worker (the system). */
function isTheirs({ actor }: OrderCommand, { maker }: OrderState): boolean {
  return actor.id === maker || actor.role === 'admin' || actor.role === 'system';
}

function place({ data, actor }: CommandOf<'PlaceOrder'>, state: OrderState): Decision {
  if (state.exists) return conflict('This order exists already.');
  const total = totalOf(data.items);
  if (!total)
    return { refused: 'invalid', detail: 'This costs more than can be counted.', errors: [{ pointer: '/items', detail: 'must cost less' }] };
  const note = data.note === undefined ? {} : { note: data.note };
  return [{ type: 'OrderPlaced', data: { maker: actor.id, email: data.email, items: data.items, total, ...note } }];
}

function cancel({ status }: OrderState): Decision {
  if (status === 'cancelled') return [];
  return isDecided(status) ? conflict(`It is ${status} already and cannot be cancelled.`) : [{ type: 'OrderCancelled', data: {} }];
}

/** True for the final statuses of an order. */
function isDecided(status: OrderStatus): boolean {
  return status === 'confirmed' || status === 'rejected' || status === 'cancelled';
}

function lease({ data, now }: CommandOf<'LeaseOrder'>, state: OrderState): Decision {
  if (isDecided(state.status) || state.status === 'failed') return conflict(`It is ${state.status} already.`);
  if (state.lease && !isOver(state.lease, now, data.waited)) return conflict('Another worker has leased it.');
  if (!isDue(state.nextAttemptAt, now, data.waited)) return conflict('Its next attempt is not due.');
  const { worker, until, lease: length, attempts } = data;
  // Nobody knows why the last attempts had no outcome: an order that kills every worker would otherwise go on for ever.
  if (state.attempts - state.forgiven >= attempts) return [{ type: 'OrderFailed', data: { attempt: state.attempts, reason: NO_OUTCOME } }];
  return [{ type: 'OrderProcessing', data: { attempt: state.attempts + 1, worker, until, ...(length === undefined ? {} : { lease: length }) } }];
}

const NO_OUTCOME = 'the last attempt did not tell how it went: its worker died or hung';

/** The same event as at the lease, with the same attempt and a later end: so every release reads it. */
function renew({ data }: CommandOf<'RenewOrder'>, { lease: leased }: OrderState): Decision {
  if (leased?.worker !== data.worker) return conflict('Another worker has leased it.');
  return [{ type: 'OrderProcessing', data }];
}

function outcome(command: Exclude<OrderWorkCommand, { type: 'LeaseOrder' }>, state: OrderState): Decision {
  const { attempt } = command.data;
  if (state.status !== 'processing' || attempt !== state.attempts) return conflict(`Attempt ${attempt} is not the one at work.`);
  switch (command.type) {
    case 'RenewOrder':
      return renew(command, state);
    case 'DecideOrder':
      return decided(command.data, state);
    case 'DeferOrder': {
      const { error, nextAttemptAt, wait } = command.data;
      return [{ type: 'OrderDeferred', data: { attempt, error, nextAttemptAt, ...(wait === undefined ? {} : { wait }) } }];
    }
    case 'FailOrder':
      return [{ type: 'OrderFailed', data: { attempt, reason: command.data.reason } }];
    default:
      return command satisfies never;
  }
}

function decided({ attempt, reasons }: CommandOf<'DecideOrder'>['data'], { maker, email, total }: OrderState): OrderEvent[] {
  if (reasons.length > 0) return [{ type: 'OrderRejected', data: { attempt, maker, email, reasons } }];
  return [
    { type: 'OrderValidated', data: { attempt } },
    { type: 'OrderConfirmed', data: { attempt, maker, email, total } },
  ];
}

/** The fields of an order on which no worker is at work. */
const idle = { lease: null, nextAttemptAt: null };

export function evolve(state: OrderState, event: OrderEvent): OrderState {
  switch (event.type) {
    case 'OrderPlaced': {
      const { maker, email, items, total } = event.data;
      return { ...initial, exists: true, maker, email, items, total };
    }
    case 'OrderProcessing': {
      const { attempt, worker, until } = event.data;
      return { ...state, status: 'processing', attempts: attempt, lease: { worker, until }, nextAttemptAt: null };
    }
    case 'OrderDeferred':
      return { ...state, status: 'placed', lease: null, nextAttemptAt: event.data.nextAttemptAt };
    case 'OrderValidated':
      return { ...state, status: 'validated' };
    case 'OrderConfirmed':
      return { ...state, ...idle, status: 'confirmed' };
    case 'OrderRejected':
      return { ...state, ...idle, status: 'rejected', reasons: event.data.reasons };
    case 'OrderFailed':
      return { ...state, ...idle, status: 'failed', failure: event.data.reason };
    case 'OrderRetried':
      return { ...state, status: 'placed', forgiven: state.attempts, failure: '' };
    case 'OrderCancelled':
      return { ...state, ...idle, status: 'cancelled' };
    default:
      // No event comes here: an unknown one is not given to a fold (invariant 17).
      event satisfies never;
      return state;
  }
}

export const order = decider<OrderState, OrderCommand, OrderEvent>({
  initial,
  stateVersion: 1,
  decide,
  evolve,
  topics: (_stream, { after }) => orderTopics(after.maker),
});
