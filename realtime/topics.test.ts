import { describe, expect, test } from 'vitest';
import type { Actor } from '../contracts/aggregate.ts';
import { topicReader } from './topics.ts';

const ME = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const OTHER = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
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

describe('who may follow a topic', () => {
  test.each([
    ['tasks', { own: false, team: true, admin: true }],
    ['task:mine', { own: true, team: true, admin: true }],
    ['task:assigned', { own: true, team: true, admin: true }],
    ['task:foreign', { own: false, team: true, admin: true }],
    ['task:unknown', { own: false, team: true, admin: true }],
    [`user:${ME}`, { own: true, team: true, admin: true }],
    [`user:${OTHER}`, { own: false, team: false, admin: true }],
    ['notifications', { own: true, team: true, admin: true }],
    [`notifications:${OTHER}`, { own: false, team: false, admin: false }],
    ['role:member', { own: true, team: true, admin: true }],
    ['role:admin', { own: false, team: false, admin: true }],
    ['else', { own: false, team: false, admin: false }],
  ])('%s: %j', async (topic, expected) => {
    expect({ own: await mayRead(own, topic), team: await mayRead(team, topic), admin: await mayRead(admin, topic) }).toEqual(expected);
  });
});
