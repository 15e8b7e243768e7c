import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MediaView } from '../../contracts/media.ts';
import { type Api, ApiError } from './api.ts';
import { startFiles } from './files.ts';
import { createStore, initialState } from './store.ts';

const ME = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', name: 'Anna', role: 'member' };
const TASK = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const file = (revision: number) =>
  ({ id: 'hall', revision, of: { kind: 'task', id: TASK }, sizes: [], status: 'pending', createdAt: '' }) as never as MediaView;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The files of a page on which one task is open. `answer`: what the server says to each question for its files, in turn. */
function started(...answers: (() => Promise<MediaView[]>)[]) {
  const asked: (string | undefined)[] = [];
  const get = async (path: string, { after }: { after?: string | undefined } = {}) => {
    if (!path.startsWith('/api/media?task=')) return { body: { items: [] }, position: '9' };
    asked.push(after);
    return { body: { items: await (answers.shift()?.() ?? Promise.resolve([])) }, position: '9' };
  };
  const store = createStore({ ...initialState, me: ME });
  const files = startFiles({ api: { get } as unknown as Api, store });
  store.set({ open: { id: TASK, detail: null, history: [], trouble: null } });
  return { files, store, asked, known: () => Object.values(store.get().files.byId).map(({ revision }) => revision) };
}

it('the files of a task are asked for as new as the board is, and as the newest change that was heard', async () => {
  const { files, asked } = started();
  files.since('5');
  files.since('3');
  await vi.advanceTimersByTimeAsync(100);
  files.heard({ stream: 'task-x', type: 'TaskEdited', id: 'x', position: '7' } as never);
  files.reload();
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual(['5', '7']);
  files.close();
});

it('an answer that was on its way when changes were missed does not count: the files are asked for again', async () => {
  const late = Promise.withResolvers<MediaView[]>();
  const { files, asked, known } = started(
    () => late.promise,
    async () => [file(2)],
  );
  await vi.advanceTimersByTimeAsync(100);
  files.reload();
  late.resolve([file(1)]);
  await vi.advanceTimersByTimeAsync(200);
  expect([asked.length, known()]).toEqual([2, [2]]);
  files.close();
});

it.each([
  ['was asked too often is asked for again', 429, 2],
  ['may not see them is not', 403, 1],
])('files of which the server says that one %s', async (_, status, questions) => {
  const refuse = () => Promise.reject(new ApiError('no', status));
  const { files, asked } = started(refuse, async () => [file(1)]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(questions);
  files.close();
});
