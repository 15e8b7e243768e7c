import { describe, expect, test } from 'vitest';
import type { Actor } from '../contracts/aggregate.ts';
import { TOPICS } from '../contracts/topics.ts';
import { topicReader } from './topics.ts';

const ME = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const OTHER = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const KEY = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0a';
const none = { maker: '', assignee: null };
const tasks: Record<string, { maker: string; assignee: string | null }> = {
  'task-mine': { maker: ME, assignee: null },
  'task-assigned': { maker: OTHER, assignee: ME },
  'task-foreign': { maker: OTHER, assignee: null },
};
const mayRead = topicReader({
  load: async <State>(stream: string) => ({ state: (tasks[stream] ?? none) as State, revision: stream in tasks ? 0 : -1 }),
});
const own: Actor = { id: ME, role: 'member', seesAll: false };
const team: Actor = { id: ME, role: 'member', seesAll: true };
const admin: Actor = { id: ME, role: 'admin', seesAll: true };
/** Keys are let in at no socket; if one were, it would follow nothing of people. */
const key: Actor = { id: KEY, role: 'service', seesAll: false };

/** Every topic with those who may follow it, of a caller who sees the own tasks, one who sees all, an admin, and a backend with an API key. */
const TABLE = [
  ['tasks', { own: false, team: true, admin: true, key: false }],
  ['task:mine', { own: true, team: true, admin: true, key: false }],
  ['task:assigned', { own: true, team: true, admin: true, key: false }],
  ['task:foreign', { own: false, team: true, admin: true, key: false }],
  ['task:unknown', { own: false, team: true, admin: true, key: false }],
  [`user:${ME}`, { own: true, team: true, admin: true, key: false }],
  [`user:${OTHER}`, { own: false, team: false, admin: true, key: false }],
  ['notifications', { own: true, team: true, admin: true, key: true }],
  [`notifications:${OTHER}`, { own: false, team: false, admin: false, key: false }],
  ['invitations', { own: false, team: false, admin: true, key: false }],
  ['sites', { own: false, team: false, admin: true, key: false }],
  ['site:foreign:security', { own: false, team: false, admin: true, key: false }],
  ['profiles', { own: true, team: true, admin: true, key: true }],
  ['role:member', { own: true, team: true, admin: true, key: false }],
  ['role:admin', { own: false, team: false, admin: true, key: false }],
  ['else', { own: false, team: false, admin: false, key: false }],
] as const;

describe('who may follow a topic', () => {
  test.each(TABLE)('%s: %j', async (topic, expected) => {
    const answers = Object.entries({ own, team, admin, key }).map(async ([name, caller]) => [name, await mayRead(caller, topic)] as const);
    expect(Object.fromEntries(await Promise.all(answers))).toEqual(expected);
  });

  test('is in the table for every topic that there is', () => {
    const named = new Set(TABLE.map(([topic]) => topic.split(':')[0]));
    expect([...TOPICS.keys()].filter((name) => !named.has(name))).toEqual([]);
  });
});
