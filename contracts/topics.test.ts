import { describe, expect, it } from 'vitest';
import { catalog } from './catalog.ts';
import { ALL_TOPICS, isTopic, roomOf, TOPICS, topicOf } from './topics.ts';

const ID = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const me = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01' };

describe('the topics of the contracts', () => {
  it('have each a name of their own', () => {
    const names = [...catalog.flatMap(({ topics }) => Object.keys(topics)), 'role'];
    expect(names).toEqual([...TOPICS.keys()]);
  });

  it('are written on the wire as they are declared', () => {
    expect(ALL_TOPICS).toMatch(/^tasks, .* or role:<role>$/);
    for (const [name, { contract }] of TOPICS) {
      const isOne = contract.of === 'one';
      expect([isTopic(name), isTopic(`${name}:`), isTopic(`${name}:x`)], name).toEqual([!isOne, false, false]);
      expect(isTopic(`${name}:${ID}`), name).toBe(isOne && !contract.name);
    }
    expect(['role:admin', 'role:king', `task:${ID.toUpperCase()}`, `task:${ID}\n`, `task:${ID}:x`].map(isTopic)).toEqual([
      true,
      ...Array(4).fill(false),
    ]);
  });

  it('are rooms of the same name, but those that each caller has their own of', () => {
    for (const [name, { contract }] of TOPICS) {
      const topic = contract.of === 'one' ? `${name}:${ID}` : name;
      const room = roomOf(topic, me);
      expect(room, name).toBe(contract.of === 'caller' ? `${name}:${me.id}` : topic);
      expect(topicOf(room)).toBe(topic);
    }
  });

  it('are lost by events of their own aggregate alone', () => {
    for (const { events, topics } of catalog)
      for (const topic of Object.values(topics)) {
        const types = topic.of === 'one' ? Object.keys(topic.lostBy ?? {}) : [];
        expect(types.filter((type) => !(type in events))).toEqual([]);
      }
  });
});
