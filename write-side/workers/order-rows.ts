/** The rows of orders: the queue of offers, and the follower that makes them. */
import { followerQueue, workQueue } from '../../platform/event-bus/queues.ts';
import type { FollowerRow } from '../../platform/followers/follow.ts';

/** The queue that order workers compete for. */
export const ORDERS = workQueue('orders', { purpose: 'offers of placed orders' });

/** The follower that offers placed orders. */
export const ORDER_DISPATCHER: FollowerRow = {
  name: 'order_dispatcher',
  queue: followerQueue('placed_orders', { category: 'order', purpose: 'offers of placed orders to their workers' }),
};
