import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Actor, DecidedEvent, TopicOfOne } from '../contracts/aggregate.ts';
import { isTopic, TOPICS, topicOf } from '../contracts/topics.ts';
import { deciders } from '../write-side/deciders.ts';
import { histories, IDS, type Step } from './histories.fixture.ts';

/** Topics whose followers depend on the state of what they are about. */
const byState = [...TOPICS.values()].flatMap(({ contract, category }) =>
  contract.of === 'one' && contract.mayFollowIf && category ? [{ contract, category }] : [],
);
const member: Omit<Actor, 'id'> = { role: 'member', seesAll: false };

/** Who of the users may follow the topic of an aggregate in this state. */
const followers = ({ mayFollowIf }: TopicOfOne, state: unknown) => IDS.filter((id) => mayFollowIf?.({ ...member, id }, state));

/** The events that commands made, by stream. */
function streamsOf(history: readonly Step[], category: string) {
  const streams = IDS.map((id) => `${category}-${id}`);
  return streams.map((stream) => history.filter((step) => step.stream === stream).map(({ event }) => event));
}

/** Users who may follow no more after an event and are not named by the contract; and how many may not. */
function lossesIn(history: readonly Step[]) {
  const unnamed: string[] = [];
  let losses = 0;
  for (const { contract, category } of byState)
    for (const events of streamsOf(history, category)) {
      const decider = deciders[category];
      let state: unknown = decider?.initial;
      for (const event of events) {
        const before = followers(contract, state);
        state = decider?.evolve(state, event as DecidedEvent);
        const lost = before.filter((id) => !followers(contract, state).includes(id));
        const named = contract.lostBy?.[event.type]?.users(event.data) ?? [];
        unnamed.push(...lost.filter((id) => !named.includes(id)).map((id) => `${event.type} ${id}`));
        losses += lost.length;
      }
    }
  return { unnamed, losses };
}

describe('in random histories', () => {
  test('whoever may follow a topic no more after an event is named by its contract', () => {
    let all = 0;
    fc.assert(
      fc.property(histories(), (history) => {
        const { unnamed, losses } = lossesIn(history);
        expect(unnamed).toEqual([]);
        all += losses;
      }),
    );
    expect(all).toBeGreaterThan(0);
  });

  test('every topic that hears of an event is one that somebody can follow', () => {
    fc.assert(
      fc.property(histories(), (history) => {
        for (const { event } of history) expect(event.metadata.topics.map(topicOf).filter((topic) => !isTopic(topic))).toEqual([]);
      }),
    );
  });
});
