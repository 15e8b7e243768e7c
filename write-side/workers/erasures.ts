/** The follower that lists an erasure where whoever appended `UserErased` was killed before it did. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { ErasureAnswers } from '../../platform/erasing/answers.ts';
import { followerQueue } from '../../platform/event-bus/queues.ts';
import type { FollowContext, Follower, FollowerRow } from '../../platform/followers/follow.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';

/** The row of the follower. */
export const ERASURES: FollowerRow = {
  name: 'erasures',
  queue: followerQueue('erased_users', { category: 'user', purpose: 'users who are erased' }),
};

/** Starts it; resolves once its checkpoint is there. Errors: those of the store; UnknownQueue. */
export function startListingErasures({ begin, ...context }: FollowContext & Pick<ErasureAnswers, 'begin'>): Promise<Follower> {
  const following = {
    ...ERASURES,
    batch: 50,
    wants: ({ type, stream }: RecordedEvent) => type === 'UserErased' && stream.startsWith('user-'),
    apply: async (events: RecordedEvent[]) => {
      for (const { stream, metadata, time } of events) await begin({ person: idOf(stream), by: metadata.actor, at: time });
    },
  };
  return followWithEffects(following, context);
}
