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
  /** What answers wait for; and who is told of what happens while they wait. */
  let gate: Promise<void> = Promise.resolve();
  const api = {
    async get(path: string, { after }: { after?: string } = {}) {
      if (!path.startsWith('/api/tasks')) return { body: { items: [] }, position: String(position) };
      asked.push(after);
      await gate;
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
    const options = followed.get(OWN);
    if (options && String(position) > (options.after ?? ''))
      options.onChange({ ...change, time: '2026-11-21T09:00:00.000Z', actor: 'admin' } as Change);
  }
  const store = createStore(initialState);
  const sync = startSync({ api, store, live, me: ME });
  return {
    sync,
    asked,
    lose,
    giveRole,
    setSeesAll: (sees: boolean) => (seesAll = sees),
    /** Lets answers wait; the function that it answers lets them go. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    snapshotNeeded: (topic: string) => followed.get(topic)?.onSnapshotNeeded(),
    shows: () => Object.keys(store.get().board.entries).sort(),
    /** The topics that are followed, but that of people's pictures, which everybody follows. */
    topics: () => [...followed.keys()].filter((topic) => topic !== 'profiles').sort(),
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

  it('follows all tasks again where the role came back while it loaded what the other role may see', async () => {
    const { sync, giveRole, setSeesAll, hold, shows, topics } = world();
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    setSeesAll(false);
    giveRole('resident');
    await vi.waitFor(() => expect(shows()).toEqual(['mine']));
    await vi.waitFor(() => expect(topics()).toEqual([OWN]));
    const release = hold();
    void sync.reload();
    setSeesAll(true);
    giveRole('member');
    release();
    await vi.waitFor(() => expect(shows()).toEqual(['mine', 'other']));
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    sync.close();
  });

  it('hears of its role at every moment, whatever it loads', async () => {
    const { sync, giveRole, setSeesAll, hold, topics } = world();
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    for (let n = 0; n < 3; n++) {
      const release = hold();
      setSeesAll(false);
      giveRole('resident');
      expect(topics()).toContain(OWN);
      release();
      const second = hold();
      await vi.waitFor(() => expect(topics()).toEqual([OWN]));
      setSeesAll(true);
      giveRole('member');
      expect(topics()).toContain(OWN);
      second();
      await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    }
    sync.close();
  });

  it('tries all tasks again where changes of its own topic were missed, of which one may have been its role', async () => {
    const { sync, giveRole, setSeesAll, snapshotNeeded, shows, topics } = world();
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    setSeesAll(false);
    giveRole('resident');
    await vi.waitFor(() => expect(topics()).toEqual([OWN]));
    setSeesAll(true);
    await snapshotNeeded(OWN);
    await vi.waitFor(() => expect(topics()).toEqual(['tasks', OWN]));
    expect(shows()).toEqual(['mine', 'other']);
    sync.close();
  });

  it('asks once more when every server answers by the new role, since one may have answered by the one before', async () => {
    vi.useFakeTimers();
    try {
      const { sync, giveRole, setSeesAll, shows, asked } = world();
      await vi.waitFor(() => expect(shows()).toEqual(['mine', 'other']));
      setSeesAll(false);
      giveRole('resident');
      await vi.waitFor(() => expect(shows()).toEqual(['mine']));
      giveRole('member');
      // The server that is asked remembers the role before for another moment.
      await vi.advanceTimersByTimeAsync(100);
      const before = asked.length;
      expect(shows()).toEqual(['mine']);
      setSeesAll(true);
      await vi.advanceTimersByTimeAsync(6_000);
      expect([shows(), asked.length > before]).toEqual([['mine', 'other'], true]);
      sync.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
