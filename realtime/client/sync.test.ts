import { describe, expect, it, vi } from 'vitest';
import type { TaskSummary } from '../../contracts/task.ts';
import type { Api } from './api.ts';
import type { Change, Live, SubscribeOptions } from './live.ts';
import { createStore, initialState } from './store.ts';
import { startSync } from './sync.ts';

const ME = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', name: 'Ben', role: 'member' };
const OTHER = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e02';
const OWN = `user:${ME.id}`;

const task = (id: string, maker: string): TaskSummary => ({
  id,
  title: id,
  status: 'open',
  priority: 'normal',
  labels: [],
  maker,
  assignee: null,
  deadline: null,
  comments: 0,
  createdAt: '2026-11-21T09:00:00.000Z',
  updatedAt: '2026-11-21T09:00:00.000Z',
  revision: 0,
});

/** A server on which rights change, and the page on it. */
function world() {
  const followed = new Map<string, SubscribeOptions>();
  const asked: (string | undefined)[] = [];
  let seesAll = true;
  let position = 10;
  const api = {
    async get(path: string, { after }: { after?: string } = {}) {
      if (!path.startsWith('/api/tasks')) return { body: { items: [] }, position: String(position) };
      asked.push(after);
      const items = [task('mine', ME.id), task('other', OTHER)];
      return { body: { items: seesAll ? items : items.slice(0, 1) }, position: String(position) };
    },
  } as unknown as Api;
  const live = {
    subscribe(topic: string, options: SubscribeOptions) {
      followed.set(topic, options);
      if (topic === 'tasks' && !seesAll) queueMicrotask(() => lose(topic, 'forbidden'));
      return {
        topic,
        position: () => options.after,
        close: () => void (followed.get(topic) === options && followed.delete(topic)),
      };
    },
  } as unknown as Live;
  function lose(topic: string, reason: 'forbidden' | 'role_changed'): void {
    const options = followed.get(topic);
    followed.delete(topic);
    options?.onLeft?.(reason);
  }
  function giveRole(to: string): void {
    const data = { from: 'x', to };
    const stream = OWN.replace(':', '-');
    const change = { topic: OWN, position: String(++position), previous: null, type: 'UserRoleChanged', id: ME.id, stream, revision: 3, data };
    followed.get(OWN)?.onChange({ ...change, time: '2026-11-21T09:00:00.000Z', actor: 'admin' } as Change);
  }
  const store = createStore(initialState);
  const sync = startSync({ api, store, live, me: ME });
  return {
    sync,
    asked,
    lose,
    giveRole,
    setSeesAll: (sees: boolean) => (seesAll = sees),
    shows: () => Object.keys(store.get().board.entries).sort(),
    topics: () => [...followed.keys()].sort(),
  };
}

describe('a board whose user may see less, or more', () => {
  it('shows only what is still to be seen once the topic of all tasks was left', async () => {
    const { sync, lose, setSeesAll, shows, topics } = world();
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    expect(shows()).toEqual(['mine', 'other']);
    setSeesAll(false);
    lose('tasks', 'role_changed');
    await vi.waitFor(() => expect(shows()).toEqual(['mine']));
    await vi.waitFor(() => expect(topics()).toEqual([OWN]));
    sync.close();
  });

  it('asks anew, as of then, on a new role: tasks go, and come back', async () => {
    const { sync, asked, giveRole, setSeesAll, shows, topics } = world();
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    setSeesAll(false);
    giveRole('resident');
    await vi.waitFor(() => expect(shows()).toEqual(['mine']));
    await vi.waitFor(() => expect(topics()).toEqual([OWN]));
    expect(asked.at(-1)).toBe('11');
    setSeesAll(true);
    giveRole('member');
    await vi.waitFor(() => expect(shows()).toEqual(['mine', 'other']));
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    sync.close();
  });
});
