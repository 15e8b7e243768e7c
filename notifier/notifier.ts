/** The notifier: policies record notifications, dispatchers offer them, delivery workers send them. */

import type { EventBus, Offer } from '../platform/event-bus/event-bus.ts';
import type { FollowContext, Follower, FollowerRow } from '../platform/followers/follow.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { workerName } from '../platform/work/compete.ts';
import { dispatch } from '../platform/work/dispatch.ts';
import { DELIVERED, inboxChannel } from './channels.ts';
import { deliverer } from './deliver.ts';
import { type DeliveriesContext, startDeliveries } from './deliveries.ts';
import { DISPATCHERS, notificationDispatching } from './dispatching.ts';
import { followPolicy } from './follow-policy.ts';
import { POLICIES } from './registries.ts';

export interface NotifierContext extends FollowContext, Omit<DeliveriesContext, 'log' | 'store'> {
  bus: EventBus;
  readModels: ReadModels;
  /** The most undecided notifications that a channel's dispatcher keeps; default 1,000. */
  window?: number;
  /** Milliseconds after which an offered notification that is still undecided is offered again; default 60,000. */
  again?: number;
}

export interface Notifier {
  /** The policies and the dispatchers. */
  followers: readonly Follower[];
  /** The number of notifications that wait for a worker, an attempt or an outcome, as far as the dispatchers keep them. */
  waiting(): number;
  /** Seconds for which the one of them has waited that is due for longest; 0 for none. */
  oldest(): number;
  /**
   * Applies the waiting events of a policy's parked stream; with `discard`, without the one that parked it. Of a dispatcher: offers an item at once
   * that could not be read, or discards it. False where it is not parked.
   */
  release(follower: string, stream: string, discard: boolean): Promise<boolean>;
  /** Stops following, then waits for the messages at hand; one that takes longer than `grace` is given up and tried again after the next start. */
  stop(): Promise<void>;
}

/** The rows of the notifier's followers: the policies, and the dispatcher of each channel. */
export const FOLLOWERS: readonly FollowerRow[] = [...POLICIES, ...Object.values(DISPATCHERS)];

/** Starts policies, dispatchers and delivery workers; resolves once the policies have begun. */
export async function startNotifier(context: NotifierContext): Promise<Notifier> {
  const { readModels, now = () => new Date() } = context;
  const policies = await Promise.all(POLICIES.map((policy) => followPolicy(policy, { ...context, now })));
  const clock = () => now().getTime();
  const dispatchers = [
    ...DELIVERED.map((channel) => dispatch(notificationDispatching(channel, readModels), { ...context, clock })),
    dispatch(notificationDispatching('in-app', readModels), { ...context, clock, bus: { ...context.bus, offer: inboxDelivery(context) } }),
  ];
  const deliveries = startDeliveries(context);
  return {
    followers: [...policies, ...dispatchers],
    waiting: () => dispatchers.reduce((sum, one) => sum + one.waiting(), 0),
    oldest: () => Math.max(...dispatchers.map((one) => one.oldest())),
    release: async (follower, stream, discard) =>
      (await [...policies, ...dispatchers].find((one) => one.name === follower)?.release(stream, discard)) ?? false,
    stop: async () => {
      await Promise.all([deliveries.stop(), ...[...dispatchers, ...policies].map((one) => one.stop())]);
    },
  };
}

/** Takes the offers of the inbox in the dispatcher's own process: nothing has to be sent. */
function inboxDelivery(context: NotifierContext): (queue: unknown, offer: Offer) => Promise<void> {
  const channel = inboxChannel(context);
  // Nobody refuses an item of the inbox. Only the store can be away, which passes: so the number of attempts has no limit.
  const deliver = deliverer({ ...context, channel, hold: false, attempts: Number.MAX_SAFE_INTEGER, worker: workerName(channel, 1) });
  return (_, offer) => deliver(offer);
}
