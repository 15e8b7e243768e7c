import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor, DecidedEvent, TopicOfOne } from '../contracts/aggregate.ts';
import { isTopic, TOPICS, topicOf } from '../contracts/topics.ts';
import type { AnyDecider } from '../write-side/decider.ts';
import { deciders } from '../write-side/deciders.ts';
import { histories, IDS } from './histories.fixture.ts';

/** Topics whose followers depend on the state of what they are about. */
const byState = [...TOPICS].flatMap(([name, { contract, category }]) =>
  contract.of === 'one' && contract.mayFollowIf && category ? [{ name, contract, category }] : [],
);
const member: Omit<Actor, 'id'> = { role: 'member', seesAll: false };

/** Who of the users may follow the topic of an aggregate in this state. */
const followers = ({ mayFollowIf }: TopicOfOne, state: unknown) => IDS.filter((id) => mayFollowIf?.({ ...member, id }, state));

/** Users who may follow no more after an event of these, which are one aggregate's: who they are, and which of them the contract does not name. */
function lossesIn(events: readonly DecidedEvent[], contract: TopicOfOne, { initial, evolve }: AnyDecider) {
  const lost: string[] = [];
  const unnamed: string[] = [];
  let state = initial;
  for (const event of events) {
    const before = followers(contract, state);
    state = evolve(state, event);
    const gone = before.filter((id) => !followers(contract, state).includes(id));
    const named = contract.lostBy?.[event.type]?.users(event.data) ?? [];
    lost.push(...gone);
    unnamed.push(...gone.filter((id) => !named.includes(id)).map((id) => `${event.type} ${id}`));
  }
  return { lost, unnamed };
}

describe('in random histories', () => {
  test.each(byState)('whoever may follow the topic $name no more after an event is named by its contract', ({ contract, category }) => {
    const decider = (deciders as Readonly<Record<string, AnyDecider>>)[category];
    if (!decider) throw new Error(`no decider for ${category}`);
    let losses = 0;
    fc.assert(
      fc.property(histories(60, category), (history) => {
        for (const id of IDS) {
          const events = history.filter(({ stream }) => stream === `${category}-${id}`).map(({ event }) => event);
          const { lost, unnamed } = lossesIn(events, contract, decider);
          expect(unnamed).toEqual([]);
          losses += lost.length;
        }
      }),
      { seed: 1, numRuns: 200 },
    );
    // Where nothing is ever lost, there is nothing to name.
    expect(losses > 0).toBe(Object.keys(contract.lostBy ?? {}).length > 0);
  });

  test('every topic that hears of an event is one that somebody can follow', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        for (const { event } of history) expect(event.metadata.topics.map(topicOf).filter((topic) => !isTopic(topic))).toEqual([]);
      }),
    );
  });
});
