import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { fakeCache } from '../platform/cache/fake-cache.fixture.ts';
import { type ReadModels, ReadModelsUnavailable, type Stored } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { taskDetail } from '../projections/projectors/task-detail.ts';
import { taskList } from '../projections/projectors/task-list.ts';
import { append, histories } from '../system/histories.fixture.ts';
import { eventsOf, foldedLog, openRig, type Rig } from '../system/projections.fixture.ts';
import { ADMIN, type Ask, asking } from './ask.fixture.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

const LAMP = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';

const DOOR = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';

/** Appends the next event to a task and answers its position. */
async function happens(type: string, expected: number, data?: object, id = LAMP): Promise<string> {
  const { metadata, data: example } = exampleEvent(type);
  const stream = `task-${id}`;
  const event = { id: stableId(stream, String(expected)), type, data: data ?? example, metadata };
  return (await rig.store.append(stream, expected, [event])).position;
}

const after = (position: string) => ({ as: ADMIN, headers: { 'read-after': position } });

describe('Read-After', () => {
  it('waits until what was recorded is in what is read', async () => {
    const ask = asking({ ...rig, ...(await rig.project()) });
    for (let revision = 0; revision < 20; revision++) {
      const position = await happens(revision === 0 ? 'TaskCreated' : 'TaskCommented', revision - 1);
      const { body, position: answered } = await ask(`/api/tasks/${LAMP}`, after(position));
      expect(body.revision).toBe(revision);
      expect(answered >= position).toBe(true);
      const list = await ask('/api/tasks?assignee=none', after(position));
      expect(list.body.items[0].comments).toBe(revision);
    }
  });

  it('is refused with 503 and Retry-After where that does not come, and where streams wait for an operator', async () => {
    const projected = await rig.project();
    const ask = asking({ ...rig, ...projected });
    await projected.stop();
    const position = await happens('TaskCreated', NO_STREAM);
    const unavailable = { status: 503, code: 'unavailable', headers: { 'Retry-After': '1' } };
    await expect(ask('/api/tasks', after(position))).rejects.toMatchObject(unavailable);
    await projected.readModels.update(taskList.model, { parked: 1 });
    await expect(ask('/api/tasks', after(position))).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('operator') });
    expect((await ask('/api/tasks')).body.items).toEqual([]);
  });

  it.each(['9999999999999999', '17', 'soon', "0000000000000001'--"])('refuses %s with 400', async (position) => {
    const projected = await rig.project();
    await happens('TaskCreated', NO_STREAM);
    for (const path of ['/api/tasks', `/api/tasks/${LAMP}`, `/api/tasks/${LAMP}/history`, `/api/tasks/${LAMP}?asOf=0000000000000001`, '/api/users']) {
      await expect(asking({ ...rig, ...projected })(path, after(position))).rejects.toMatchObject({
        status: 400,
        errors: [{ pointer: 'Read-After' }],
      });
    }
  });
});

describe('a query while a rebuild moves the pointer', () => {
  it('invariant 9: begins again, and finds what is there', async () => {
    const projected = await rig.project();
    await happens('TaskCreated', NO_STREAM);
    await projected.caughtUp();
    let moves = 2;
    const moving: ReadModels = {
      ...projected.readModels,
      get: async (...what) => {
        if (moves-- > 0) await projected.rebuild('task_detail');
        return projected.readModels.get(...what);
      },
    };
    const cache = fakeCache();
    const { body } = await asking({ ...rig, readModels: moving, cache })(`/api/tasks/${LAMP}`, { as: ADMIN });
    expect(body.id).toBe(LAMP);
    expect(moves).toBeLessThan(0);
  });
});

describe('the cache', () => {
  it('has a changed task, and its assignee’s first page of open tasks, before anybody asks', async () => {
    const projected = await rig.project();
    await happens('TaskCreated', NO_STREAM);
    await happens('TaskAssigned', 0, { userId: ADMIN.id, previous: null, atCreation: false });
    await happens('TaskCreated', NO_STREAM, undefined, DOOR);
    await happens('TaskWatched', 0, { userId: ADMIN.id }, DOOR);
    await projected.caughtUp();
    // Nobody of the people was deleted: that is known since the last look at any task of theirs.
    await asking({ ...rig, ...projected })(`/api/tasks/${DOOR}`, { as: ADMIN });
    const refusing: ReadModels = { ...projected.readModels, get: refuse, find: refuse };
    const ask = asking({ ...rig, readModels: refusing, cache: projected.cache });
    expect((await ask(`/api/tasks/${LAMP}`, { as: ADMIN })).body.assignee).toBe(ADMIN.id);
    expect((await ask('/api/tasks?assignee=me&status=open', { as: ADMIN })).body.items).toMatchObject([{ id: LAMP }]);
    expect((await ask('/api/tasks?assignee=me&status=open', { as: { ...ADMIN, seesAll: false } })).body.items).toHaveLength(1);
    await expect(ask('/api/tasks?assignee=me', { as: ADMIN })).rejects.toThrow('not from the cache');
  });

  it('keeps the result of a query until something changes it', async () => {
    const projected = await rig.project();
    await happens('TaskCreated', NO_STREAM);
    await projected.caughtUp();
    const find = vi.fn(projected.readModels.find);
    const ask = asking({ ...rig, cache: projected.cache, readModels: { ...projected.readModels, find } });
    const first = await ask('/api/tasks?label=electrics', { as: ADMIN });
    expect((await ask('/api/tasks?label=electrics', { as: ADMIN })).body).toEqual(first.body);
    expect(find).toHaveBeenCalledTimes(1);
    const position = await happens('TaskCommented', 0);
    expect((await ask('/api/tasks?label=electrics', after(position))).body.items[0].comments).toBe(1);
    expect(find).toHaveBeenCalledTimes(2);
  });

  it('invariant 14: that outlived a process which died between documents and cache is not believed', async () => {
    let dead = false;
    const unlessDead = async () => (dead ? Promise.reject(new Error('the process is dead')) : undefined);
    const cache = fakeCache();
    const readModels = await rig.readModels();
    const dying = await rig.project({
      cache: { ...cache, set: async (...what) => unlessDead().then(() => cache.set(...what)) },
      readModels: { ...readModels, update: async (...what) => unlessDead().then(() => readModels.update(...what)) },
    });
    await happens('TaskCreated', NO_STREAM);
    await dying.caughtUp();
    dead = true;
    const position = await happens('TaskCommented', 0);
    const generation = (await readModels.state(taskDetail.model))?.generation ?? 0;
    await vi.waitFor(async () => expect((await readModels.get(taskDetail.model, generation, [LAMP]))[0]?.position).toBe(position), 10_000);
    await dying.stop();
    expect(cache.entries.get(`task:${LAMP}`)?.value).toMatchObject({ revision: 0 });
    await rig.project({ cache, readModels });
    expect((await asking({ ...rig, cache, readModels })(`/api/tasks/${LAMP}`, after(position))).body.revision).toBe(1);
  });

  it('invariant 14: is never older than the Position of the answer, whatever writes to it fail', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories(30),
        fc.array(fc.constantFrom<'before' | 'after' | false>('before', 'after', false, false), { maxLength: 60 }),
        async (history, failures) => {
          const its = await openRig();
          try {
            const faults = [...failures];
            const projected = await its.project({ cache: fakeCache(() => faults.shift() ?? false) });
            const ask = asking({ ...its, ...projected });
            const answers = [];
            for (const step of history) {
              await append(its.store, [step]);
              answers.push(await detail(ask, step.stream, await its.store.head()), await list(ask, await its.store.head()));
            }
            await projected.caughtUp();
            for (const step of history) answers.push(await detail(ask, step.stream, await its.store.head()));
            const last = await list(ask, await its.store.head());
            const documents = JSON.parse(await foldedLog(its.store, taskList)) as Stored[];
            const live = documents.filter(({ document }) => document?.deleted === 0).map(({ id, document }) => [id, document?.revision]);
            expect(last.shown.toSorted()).toEqual(live.toSorted());
            const events = await eventsOf(its.store);
            for (const { position, shown } of answers) {
              for (const [id, revision] of shown) {
                const known = events.filter((event) => event.stream === `task-${id}` && event.position <= position).at(-1)?.revision ?? -1;
                expect(revision).toBeGreaterThanOrEqual(known);
              }
            }
          } finally {
            await its.close();
          }
        },
      ),
      { numRuns: 10, endOnFailure: true },
    );
  });
});

/** Position and revision of what a query shows of a task; nothing of one that is not there. */
async function detail(ask: Ask, stream: string, position: string): Promise<{ position: string; shown: [string, number][] }> {
  const id = stream.slice(stream.indexOf('-') + 1);
  if (!stream.startsWith('task-')) return { position: '', shown: [] };
  const answer = await ask(`/api/tasks/${id}`, after(position)).catch(unlessThere);
  return { position: answer?.position ?? '', shown: answer ? [[id, answer.body.revision]] : [] };
}

async function list(ask: Ask, after: string): Promise<{ position: string; shown: [string, number][] }> {
  const { position, body } = await ask('/api/tasks', { as: ADMIN, headers: { 'read-after': after } });
  return { position, shown: body.items.map(({ id, revision }: { id: string; revision: number }) => [id, revision]) };
}

function unlessThere(error: { status?: number }): undefined {
  if (error.status !== 404) throw error;
}

async function refuse(): Promise<never> {
  throw new Error('not from the cache');
}

describe('a read model that is not there yet', () => {
  it('is unavailable, not empty', async () => {
    const ask = asking({ ...rig, readModels: await rig.readModels(), cache: fakeCache() });
    await expect(ask('/api/tasks')).rejects.toMatchObject({ status: 503 });
  });
});

describe('a read model whose server is away', () => {
  it('is unavailable, and says when to try again', async () => {
    const away = () => Promise.reject(new ReadModelsUnavailable(new Error('connection refused')));
    const ask = asking({ ...rig, readModels: { ...(await rig.readModels()), state: away }, cache: fakeCache() });
    await expect(ask('/api/tasks')).rejects.toMatchObject({
      name: 'ReadModelsUnavailable',
      answer: expect.stringContaining('Try again'),
      retryAfter: 1,
    });
  });
});
