/** The beginning of realtime's follower: until it is over, sockets may miss what happened meanwhile. */
import type { Position } from '../contracts/message.ts';
import type { Follower } from '../platform/followers/follow.ts';

/** Opens the beginning of a follower, which is over once the follower is where the log ended when it began to hear of new events. */
export function openBeginning() {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  let goal: Position | undefined;
  let isOver = false;
  return {
    /** Resolves when the follower has begun. */
    begun,
    async begins(head: () => Promise<Position>): Promise<void> {
      goal ??= await head();
      // Once the follower has taken this for its beginning.
      setImmediate(resolve);
    },
    isOver({ active, position }: Follower): boolean {
      isOver ||= goal !== undefined && active() && position() >= goal;
      return isOver;
    },
  };
}
