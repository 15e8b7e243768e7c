import { expect, it, vi } from 'vitest';
import { FORMER_USER } from '../../contracts/problem.ts';
import { ApiError } from './api.ts';
import { nameIn, startFormer } from './former.ts';
import { createStore, initialState, type OpenTask } from './store.ts';

const id = (n: number) => `0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e${String(n).padStart(2, '0')}`;
const [ME, GONE, BACKEND, NEW] = [id(1), id(2), id(3), id(4)];

/** A task that is open, made by one and assigned to another, with the actors of its history. */
function opened(maker: string, assignee: string | null, ...actors: string[]): OpenTask {
  const detail = { maker, assignee, comments: [] } as unknown as OpenTask['detail'];
  const history = actors.map((actor) => ({ id: actor, type: 'TaskEdited', time: '', actor, data: {}, revision: 0 }));
  return { id: 'task', detail, history, trouble: null };
}

/** A page on a server that knows who left, who is a backend, and who came just now; `away`: it does not answer. */
function page() {
  const store = createStore(initialState);
  const server = { away: false };
  const get = vi.fn(async (path: string) => {
    if (server.away) throw new ApiError('away', 503);
    if (path.endsWith(GONE) || /5\d$/.test(path)) throw new ApiError('This user was deleted.', 404, { type: FORMER_USER });
    if (path.endsWith(BACKEND)) throw new ApiError('There is no such user.', 404, { type: '/problems/not_found' });
    return { body: {}, position: '1' };
  });
  const former = startFormer({ api: { get } as never, store, me: { id: ME } });
  const knows = () => store.set({ people: { [ME]: { id: ME, name: 'Me', role: 'member' } } });
  const nameOf = (one: string) => nameIn(store.get(), one);
  return { store, server, get, former, knows, nameOf };
}

it('calls who was deleted a former user, and nobody else; each is asked for once, after the directory was', async () => {
  const { store, get, knows, nameOf } = page();
  store.set({ open: opened(GONE, NEW, BACKEND, 'system', ME) });
  expect([get.mock.calls.length, nameOf(GONE)]).toEqual([0, 'somebody']);
  knows();
  await vi.waitFor(() => expect(nameOf(GONE)).toBe('a former user'));
  expect([nameOf(ME), nameOf(BACKEND), nameOf(NEW)]).toEqual(['Me', 'somebody', 'somebody']);
  expect(get.mock.calls.map(([path]) => path)).toEqual([GONE, NEW, BACKEND].map((one) => `/api/users/${one}`));
  store.set({ open: opened(GONE, null) });
  expect(get).toHaveBeenCalledTimes(3);
});

it('asks for many a few at a time', async () => {
  const { store, get, knows, nameOf } = page();
  const many = Array.from({ length: 9 }, (_, n) => id(50 + n));
  store.set({ open: opened(GONE, null, ...many) });
  knows();
  expect(get.mock.calls.length).toBeLessThan(10);
  await vi.waitFor(() => expect(new Set([...many, GONE].map(nameOf))).toEqual(new Set(['a former user'])));
});

it('asks again, with the next change of what is shown, for whom the server had no answer; and nothing once it is closed', async () => {
  const { store, server, get, former, knows, nameOf } = page();
  server.away = true;
  store.set({ open: opened(GONE, null) });
  knows();
  await vi.waitFor(() => expect(get).toHaveBeenCalledOnce());
  store.set({ open: opened(GONE, null, ...Array.from({ length: 9 }, (_, n) => id(50 + n))) });
  await vi.waitFor(() => expect(get).toHaveBeenCalledTimes(9));
  server.away = false;
  await vi.waitFor(() => {
    store.set({ open: opened(GONE, null) });
    expect(nameOf(GONE)).toBe('a former user');
  });
  former.close();
  store.set({ open: opened(id(51), null) });
  expect(nameOf(id(51))).toBe('somebody');
});

it('asks for the others, too, where the server never has an answer for the first ones', async () => {
  const { store, get, knows, nameOf } = page();
  const failing = Array.from({ length: 8 }, (_, n) => id(60 + n));
  const answer = get.getMockImplementation();
  get.mockImplementation(async (path) => {
    if (/6\d$/.test(path)) throw new ApiError('broken', 500);
    return answer?.(path) as never;
  });
  const shown = () => opened(failing[0] as string, null, ...failing, GONE);
  store.set({ open: shown() });
  knows();
  await vi.waitFor(() => expect(get).toHaveBeenCalledTimes(8));
  await vi.waitFor(() => {
    store.set({ open: shown() });
    expect(nameOf(GONE)).toBe('a former user');
  });
});

it('asks no more than so many questions, also where none is answered', async () => {
  const { store, server, get, knows } = page();
  server.away = true;
  knows();
  for (let change = 0; change < 450; change++) {
    store.set({ open: opened(GONE, null) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(get).toHaveBeenCalledTimes(400);
});
