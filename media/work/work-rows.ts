/** The rows of the work on files: the queue of offers, and the follower that makes them. */
import { followerQueue, workQueue } from '../../platform/event-bus/queues.ts';
import type { FollowerRow } from '../../platform/followers/follow.ts';

/** The queue that the workers on files compete for. */
export const MEDIA = workQueue('media', { purpose: 'offers of received files' });

/** The follower that offers received files. */
export const MEDIA_DISPATCHER: FollowerRow = {
  name: 'media_dispatcher',
  queue: followerQueue('received_media', { category: 'media', purpose: 'offers of received files to their workers' }),
};
