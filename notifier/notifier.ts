/** The notifier: policies record what to tell whom, the dispatcher offers it, delivery workers send it. */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadModels } from '../projections/read-models/read-models.ts';
import type { EventBus } from '../write-side/event-bus/event-bus.ts';
import type { FollowContext, Follower } from '../write-side/event-bus/follow.ts';
import { keepTrying } from '../write-side/event-bus/keep-trying.ts';
import { EMAIL_NOTIFICATIONS, ORDER_OUTCOMES, TASK_EVENTS, TIMERS, USER_REGISTRATION } from '../write-side/event-bus/queues.ts';
import { dispatch } from '../write-side/workers/dispatch.ts';
import { type DeliverContext, deliverer } from './deliver.ts';
import { notificationDispatching } from './dispatching.ts';
import { followPolicy, type Policy } from './policies/follow-policy.ts';
import { orderPolicy } from './policies/order-mail.ts';
import { deadlinePolicy, registrationPolicy, taskOf, taskPolicy, timedTask } from './policies/policies.ts';

export interface DeliveriesContext extends Omit<DeliverContext, 'worker' | 'ending'> {
  bus: EventBus;
  /** Delivery workers of this process; default 2. */
  workers?: number;
  /** Milliseconds that mails being sent are given when it stops; default 5,000. */
  grace?: number;
}

export interface NotifierContext extends FollowContext, Omit<DeliveriesContext, 'log' | 'store'> {
  bus: EventBus;
  readModels: ReadModels;
  /** Undecided notifications the dispatcher keeps at most; default 1,000. */
  window?: number;
  /** Milliseconds after which what was offered and is still undecided is offered again; default 60,000. */
  again?: number;
}

export interface Notifier {
  /** The policies and the dispatcher. */
  followers: readonly Follower[];
  /** Notifications that wait for a worker, an attempt or an outcome, as far as the dispatcher keeps them. */
  waiting(): number;
  /** Works a policy's parked stream off; with `discard`, without the event that parked it. False where nothing of that name is parked. */
  release(follower: string, stream: string, discard: boolean): Promise<boolean>;
  /** Stops following, then waits for the mails at hand; what takes too long is given up and tried again after the next start. */
  stop(): Promise<void>;
}

const POLICIES: readonly Policy[] = [
  { name: 'task_mail', queue: TASK_EVENTS, category: 'task', task: taskOf, wants: taskPolicy },
  { name: 'deadlines', queue: TIMERS, category: 'timer', task: timedTask, wants: deadlinePolicy },
  { name: 'registration_mail', queue: USER_REGISTRATION, category: 'user', wants: registrationPolicy },
  { name: 'order_mail', queue: ORDER_OUTCOMES, category: 'order', wants: orderPolicy },
];

/** Milliseconds between two looks whether the address of the pages is known. */
const LOOK = 20;

/** Names of the followers whose parked streams can be released: the policies. */
export const policyNames: readonly string[] = POLICIES.map(({ name }) => name);

/** Starts all of it; resolves once the policies have begun. */
export async function startNotifier(context: NotifierContext): Promise<Notifier> {
  const { readModels, now = () => new Date() } = context;
  const policies = await Promise.all(POLICIES.map((policy) => followPolicy(policy, context)));
  const dispatcher = dispatch(notificationDispatching(readModels), { ...context, clock: () => now().getTime() });
  const deliveries = startDeliveries(context);
  return {
    followers: [...policies, dispatcher],
    waiting: dispatcher.waiting,
    release: async (follower, stream, discard) => (await policies.find((one) => one.name === follower)?.release(stream, discard)) ?? false,
    stop: async () => {
      await Promise.all([deliveries.stop(), dispatcher.stop(), ...policies.map((one) => one.stop())]);
    },
  };
}

/** Starts delivery workers. */
export function startDeliveries(context: DeliveriesContext): { stop(): Promise<void> } {
  const { bus, log, publicUrl, workers = 2, grace = 5_000 } = context;
  const stopping = new AbortController();
  const ending = new AbortController();
  const working = Promise.all(Array.from({ length: workers }, (_, index) => work(index + 1)));

  function work(n: number): Promise<void> {
    const worker = `${hostname()}:${process.pid}:${n}`;
    const handle = deliverer({ ...context, worker, ending: ending.signal });
    const { signal } = stopping;
    return keepTrying({ name: `delivery worker ${worker}`, log, signal }, async () => {
      // Links need an address, and with PORT=0 nobody knows it before the process listens.
      while (!publicUrl() && !signal.aborted) await delay(LOOK, undefined, { signal }).catch(() => {});
      await bus.work(EMAIL_NOTIFICATIONS, { signal, prefetch: 1 }, handle);
    });
  }

  return {
    stop: async () => {
      stopping.abort();
      const tooLong = setTimeout(() => ending.abort(), grace);
      await working;
      clearTimeout(tooLong);
    },
  };
}
