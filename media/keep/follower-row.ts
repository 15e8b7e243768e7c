/** The row of the follower that removes bytes. */
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { FollowerRow } from '../../platform/followers/follow.ts';

export const MEDIA_REMOVER: FollowerRow = {
  name: 'media_remover',
  queue: followerQueue('removed_media', { category: 'media', purpose: 'bytes of files that were deleted or refused' }),
};
