/** The right to follow a topic: decided by the contracts, with the aggregates' states where they need them. */
import type { Actor } from '../contracts/aggregate.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { type NamedTopic, topicNamed } from '../contracts/topics.ts';

/** Resolves to true where the caller may follow the topic (named as on the wire). */
export type MayRead = (caller: Actor, topic: string) => Promise<boolean>;

/** Loads an aggregate's state as new as the store: `load` of the command handler. */
export interface States {
  load<State>(stream: string): Promise<{ state: State; revision: number }>;
}

/** Makes the decision from the contracts: admins may follow all topics, everybody their own, others where `mayFollow` or `mayFollowIf` says so. */
export function topicReader(states: States): MayRead {
  async function letsIn({ contract, category, id }: NamedTopic, caller: Actor): Promise<boolean> {
    if (contract.of === 'caller' || caller.role === 'admin' || contract.mayFollow(caller, id)) return true;
    if (contract.of === 'all' || !contract.mayFollowIf) return false;
    const { state, revision } = await states.load(`${category}-${id}`);
    return revision !== NO_STREAM && contract.mayFollowIf(caller, state);
  }

  return async (caller, topic) => {
    const named = topicNamed(topic);
    return named !== undefined && letsIn(named, caller);
  };
}
