import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Api } from './api.ts';
import { startInbox } from './inbox.ts';
import type { Change, Live, SubscribeOptions } from './live.ts';
import { createStore, initialState } from './store.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server whose answers fail as often as is said, and the inbox on it. */
function world() {
  const followed: SubscribeOptions[] = [];
  const server = { unread: 0, failures: 0, position: 1 };
  const api = {
    get: async () => {
      if (server.failures-- > 0) throw new Error('500');
      return { body: { items: [], unread: server.unread }, position: String(server.position) };
    },
  } as unknown as Api;
  const live = {
    subscribe: (_topic: string, options: SubscribeOptions) => {
      followed.push(options);
      return { topic: 'notifications', position: () => options.after, close: () => {} };
    },
  } as unknown as Live;
  const store = createStore(initialState);
  const inbox = startInbox({ api, store, live, trouble: () => {} });
  const news = () => {
    server.unread++;
    followed[0]?.onChange({ type: 'NotificationSent', position: String(++server.position) } as Change);
  };
  return { server, followed, news, inbox, unread: () => store.get().inbox.unread };
}

it('what was heard of and could not be loaded is asked for again, until it is there', async () => {
  const { server, news, unread } = world();
  await vi.runAllTimersAsync();
  server.failures = 3;
  news();
  await vi.runAllTimersAsync();
  expect(unread()).toBe(1);
});

it('an inbox that could not be loaded at first is loaded, and followed, later', async () => {
  const { server, followed, news, unread } = world();
  server.failures = 2;
  await vi.runAllTimersAsync();
  expect(followed).toHaveLength(1);
  news();
  await vi.runAllTimersAsync();
  expect(unread()).toBe(1);
});

it('one that is closed asks for nothing more', async () => {
  const { server, inbox, followed } = world();
  server.failures = 1_000;
  inbox.close();
  await vi.runAllTimersAsync();
  expect(followed).toHaveLength(0);
});
