/** The notifier: policies record what to tell whom, the dispatcher offers it, delivery workers send it. */
import { hostname } from 'node:os';
import type { ReadModels } from '../projections/read-models/read-models.ts';
import type { EventBus } from '../write-side/event-bus/event-bus.ts';
import type { FollowContext } from '../write-side/event-bus/follow.ts';
import type { Parked } from '../write-side/event-bus/parking.ts';
import { EMAIL_NOTIFICATIONS, TASK_EVENTS, USER_REGISTRATION } from '../write-side/event-bus/queues.ts';
import { dispatch } from '../write-side/workers/dispatch.ts';
import { type DeliverContext, deliverer } from './deliver.ts';
import { notificationDispatching } from './dispatching.ts';
import { followPolicy, type Policy } from './policies/follow-policy.ts';
import { registrationPolicy, taskPolicy } from './policies/policies.ts';

export interface NotifierContext extends FollowContext, Omit<DeliverContext, 'worker' | 'log'> {
  bus: EventBus;
  readModels: ReadModels;
  /** Delivery workers of this process; default 2. */
  workers?: number;
}

export interface Notifier {
  /** Position of each follower. */
  positions(): Record<string, string>;
  /** Notifications that wait for a worker, an attempt or an outcome, as far as the dispatcher keeps them. */
  waiting(): number;
  parked(): (Parked & { follower: string })[];
  /** Works a parked stream off; with `discard`, without the event that parked it. False where nothing of that name is parked. */
  release(follower: string, stream: string, discard: boolean): Promise<boolean>;
  /** Stops following, then waits for the mails at hand. */
  stop(): Promise<void>;
}

const POLICIES: readonly Policy[] = [
  { name: 'task_mail', queue: TASK_EVENTS, category: 'task', wants: taskPolicy },
  { name: 'registration_mail', queue: USER_REGISTRATION, category: 'user', wants: registrationPolicy },
];

/** Starts it; resolves once the policies have begun. */
export async function startNotifier(context: NotifierContext): Promise<Notifier> {
  const { bus, readModels, workers = 2 } = context;
  const stopping = new AbortController();
  const policies = await Promise.all(POLICIES.map((policy) => followPolicy(policy, context)));
  const dispatcher = dispatch(notificationDispatching(readModels), context);
  const working = Array.from({ length: workers }, (_, index) => {
    const worker = `${hostname()}:${process.pid}:${index + 1}`;
    return bus.work(EMAIL_NOTIFICATIONS, { signal: stopping.signal, prefetch: 1 }, deliverer({ ...context, worker }));
  });
  return {
    positions: () => Object.fromEntries([...policies, dispatcher].map((one) => [one.name, one.position()])),
    waiting: dispatcher.waiting,
    parked: () => policies.flatMap((one) => one.parking.list().map((parked) => ({ ...parked, follower: one.name }))),
    release: async (follower, stream, discard) => (await policies.find((one) => one.name === follower)?.release(stream, discard)) ?? false,
    stop: async () => {
      stopping.abort();
      await Promise.all([dispatcher.stop(), ...policies.map((one) => one.stop())]);
      await Promise.all(working);
    },
  };
}
