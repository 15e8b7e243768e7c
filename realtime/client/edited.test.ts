import { expect, it } from 'vitest';
import type { TaskDetail } from '../../contracts/task.ts';
import type { TaskFields } from './actions.ts';
import { ApiError, type Done } from './api.ts';
import { differing, edited, newerThan } from './edited.ts';

const SEEN = { id: 'a', title: 'Lamp', description: '', deadline: null, priority: 'medium', labels: ['hall'], status: 'open', revision: 3 };
const seen = SEEN as unknown as TaskDetail;

/** An API whose task has been at these states, one more after each change that was refused; `sent` are the revisions that were asked for. */
function apiWith(...states: object[]) {
  const sent: (number | undefined)[] = [];
  const at = () => ({ ...SEEN, ...states[Math.min(sent.length, states.length) - 1] });
  return {
    sent,
    command: async (_: string, path: string, { ifMatch }: { ifMatch?: number } = {}): Promise<Done> => {
      sent.push(ifMatch);
      const { revision } = at();
      if (ifMatch !== undefined && ifMatch !== revision) throw new ApiError(`${path} is at ${revision}`, 412);
      return { id: 'a', revision: revision + 1, position: '9' } as Done;
    },
    get: async () => ({ body: at() }) as never,
  };
}

it('is made at the revision that was seen', async () => {
  const api = apiWith({});
  expect(await edited(api, 'a', { title: 'Ladder' }, seen)).toMatchObject({ revision: 4 });
  expect(api.sent).toEqual([3]);
});

it('is made though somebody commented, watched or moved the task meanwhile, more than once', async () => {
  const api = apiWith({ revision: 4 }, { revision: 6, status: 'done' });
  expect(await edited(api, 'a', { title: 'Ladder' }, seen)).toMatchObject({ revision: 7 });
  expect(api.sent).toEqual([3, 4, 6]);
});

it.each([{ title: 'Rope' }, { description: 'x' }, { deadline: '2027-01-31T17:00:00.000Z' }, { priority: 'high' }, { labels: [] }])(
  'is refused where %o was changed meanwhile, and nothing is put over it',
  async (changed) => {
    const api = apiWith({ revision: 4, ...changed });
    await expect(edited(api, 'a', { title: 'Ladder' }, seen)).rejects.toMatchObject({ status: 412 });
    expect(api.sent).toEqual([3]);
  },
);

it('is refused where what is read is as old as what was seen, and where it never comes to an end', async () => {
  const lagging = { ...apiWith({ revision: 4 }), get: async () => ({ body: SEEN }) as never };
  await expect(edited(lagging, 'a', { title: 'Ladder' }, seen)).rejects.toMatchObject({ status: 412 });
  const busy = apiWith({ revision: 4 }, { revision: 5 }, { revision: 6 }, { revision: 7 });
  await expect(edited(busy, 'a', { title: 'Ladder' }, seen)).rejects.toMatchObject({ status: 412 });
  expect(busy.sent).toEqual([3, 4, 5]);
});

it('is made at any revision where nothing was seen', async () => {
  const api = apiWith({ revision: 8, title: 'Rope' });
  expect(await edited(api, 'a', { title: 'Ladder' })).toMatchObject({ revision: 9 });
  expect(api.sent).toEqual([undefined]);
});

it('asks again for a task whose change is not shown yet, for as long as that may take', async () => {
  const states = [SEEN, SEEN, { ...SEEN, revision: 4, title: 'Rope' }];
  const waited: number[] = [];
  const wait = async (ms: number) => void waited.push(ms);
  expect(await newerThan({ get: async () => ({ body: states.shift() }) as never }, seen, wait)).toMatchObject({ title: 'Rope' });
  expect(waited).toHaveLength(2);
  expect(await newerThan({ get: async () => ({ body: SEEN }) as never }, seen, wait)).toBeUndefined();
});

it('a deadline with seconds that nobody touched is no change', () => {
  const fields: TaskFields = { title: 'Lamp', description: '', deadline: '2027-01-31T17:00:42.000Z', priority: 'normal', labels: [] };
  expect(differing(fields, fields)).toEqual({});
  expect(differing({ ...fields, deadline: '2027-01-31T17:01:00.000Z' }, fields)).toEqual({ deadline: '2027-01-31T17:01:00.000Z' });
});
