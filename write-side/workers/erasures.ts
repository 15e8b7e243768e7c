/**
 * The follower that lists an erasure where whoever appended `UserErased` was killed before it did. One of a shape that this release does not know parks its
 * user's stream.
 */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { ErasureAnswers } from '../../platform/erasing/answers.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { FollowContext, FollowerRow } from '../../platform/followers/follow.ts';
import { followParking, type ParkingFollower } from '../../platform/followers/follow-parking.ts';

/** The row of the follower. */
export const ERASURES: FollowerRow = {
  name: 'erasures',
  queue: followerQueue('erased_users', { category: 'user', purpose: 'users who are erased' }),
};

/** Starts it; resolves once its checkpoint is there. Errors: those of the store; UnknownQueue. */
export function startListingErasures({ begin, ...context }: FollowContext & Pick<ErasureAnswers, 'begin'>): Promise<ParkingFollower> {
  const following = {
    ...ERASURES,
    batch: 50,
    wants: ({ type }: RecordedEvent) => type === 'UserErased',
    work: async ({ stream, metadata, time }: RecordedEvent) => {
      await begin({ person: idOf(stream), by: metadata.actor, at: time });
    },
  };
  return followParking(following, context);
}
