import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { NoSuchGeneration, type ReadModels } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { append, histories } from '../system/histories.fixture.ts';
import { foldedLog, idsIn, openRig, type Rig, textOf } from '../system/projections.fixture.ts';
import { taskDetail } from './projectors/task-detail.ts';
import { taskList } from './projectors/task-list.ts';
import { projectors } from './projectors.ts';
import { build, type RebuildProgress } from './rebuild.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

const taskId = (n: number) => stableId('rebuild', String(n));

/** Makes tasks `from` to `to`, each with a comment. */
async function makeTasks(from: number, to: number): Promise<void> {
  const { metadata, data } = exampleEvent('TaskCreated');
  for (let n = from; n < to; n++) {
    const stream = `task-${taskId(n)}`;
    await rig.store.append(stream, NO_STREAM, [
      { id: stableId(stream, '0'), type: 'TaskCreated', data, metadata },
      { id: stableId(stream, '1'), type: 'TaskCommented', data: exampleEvent('TaskCommented').data, metadata },
    ]);
  }
}

describe('building a generation', () => {
  it('gives the same documents however little memory it has', async () => {
    await fc.assert(
      fc.asyncProperty(histories(), fc.integer({ min: 1, max: 6 }), async (history, memory) => {
        const its = await openRig();
        try {
          await append(its.store, history);
          for (const projector of projectors) {
            const ids = await idsIn(its.store, projector);
            const readModels = await its.readModels();
            const building = await build(projector, { store: its.store, readModels, memory, page: 3 });
            await building.readOn();
            expect(textOf(await readModels.get(projector.model, building.generation, ids))).toBe(await foldedLog(its.store, projector));
          }
        } finally {
          await its.close();
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it('reads on from where it was, and knows where it is', async () => {
    await makeTasks(0, 3);
    const readModels = await rig.readModels();
    const building = await build(taskList, { store: rig.store, readModels });
    expect(await building.readOn()).toBe(6);
    expect(await building.readOn()).toBe(0);
    await makeTasks(3, 4);
    const heard: RebuildProgress[] = [];
    expect(await building.readOn((progress) => heard.push(progress))).toBe(2);
    const head = await rig.store.head();
    expect(heard.at(-1)).toEqual({ events: 8, position: head, head });
    expect(building.checkpoint().position).toBe(head);
    expect((await readModels.state(taskList.model, building.generation))?.checkpoint).toEqual(building.checkpoint());
  });

  it('ends at once when it is stopped, and what it made is read by nobody', async () => {
    await makeTasks(0, 2);
    const readModels = await rig.readModels();
    const stop = new AbortController();
    const building = await build(taskList, { store: rig.store, readModels, signal: stop.signal });
    stop.abort();
    await expect(building.readOn()).rejects.toThrow(/abort/);
    expect(await readModels.state(taskList.model)).toBeNull();
  });

  it('leaves the old documents where a projector can fold next to nothing', async () => {
    await makeTasks(0, 3);
    const evolve = () => {
      throw new Error('stumbled');
    };
    const readModels = await rig.readModels();
    const building = await build({ ...taskList, evolve }, { store: rig.store, readModels, mostPoison: 2 });
    await expect(building.readOn()).rejects.toThrow('task_list: more than 2 streams cannot be folded');
  });
});

describe('invariant 9: a rebuild beside the old documents', () => {
  it('while commands run gives what the log says, and no query meets a gap or an older state meanwhile', async () => {
    await makeTasks(0, 30);
    const projected = await rig.project();
    await projected.caughtUp();
    let running = true;
    const writing = makeTasks(30, 150).finally(() => {
      running = false;
    });
    const reading = watch(() => running);
    const rebuilds = [];
    while (running) rebuilds.push(await projected.rebuild('task_list'), await projected.rebuild('task_detail'));
    await writing;
    await projected.caughtUp();
    expect(await reading).toBeGreaterThan(10);
    expect(rebuilds.length).toBeGreaterThan(1);
    for (const projector of projectors) expect(await projected.documents(projector)).toBe(await foldedLog(rig.store, projector));

    /** Reads the first task over and over: it is always there, and the checkpoint never goes back. Answers how often. */
    async function watch(goOn: () => boolean): Promise<number> {
      let reads = 0;
      for (let last = ''; goOn(); reads++) {
        const state = await projected.readModels.state(taskDetail.model);
        expect((state?.checkpoint.position ?? '') >= last).toBe(true);
        last = state?.checkpoint.position ?? '';
        const found = await projected.readModels.get(taskDetail.model, state?.generation ?? 0, [taskId(0)]).catch(expectMoved);
        expect(found === 'moved' || found.length === 1).toBe(true);
        await new Promise(setImmediate);
      }
      return reads;
    }
  });

  it('holds up no event while the indexes of the new documents are made', async () => {
    await makeTasks(0, 3);
    const readModels = await rig.readModels();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let gated = false;
    const slow: ReadModels = {
      ...readModels,
      ready: async (model, generation) => {
        if (gated) await gate;
        return readModels.ready(model, generation);
      },
    };
    const projected = await rig.project({ readModels: slow });
    gated = true;
    const rebuilding = projected.rebuild('task_list');
    await makeTasks(3, 5);
    expect(await readModels.reached(taskList.model, await rig.store.head(), 5_000)).toBe(true);
    release();
    expect(await rebuilding).toMatchObject({ events: 10 });
    expect(await projected.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });

  it('moves the cache generation with the pointer', async () => {
    await makeTasks(0, 1);
    const projected = await rig.project();
    await projected.caughtUp();
    const before = await projected.readModels.state(taskDetail.model);
    await projected.rebuild('task_detail');
    const after = await projected.readModels.state(taskDetail.model);
    expect(after?.generation).not.toBe(before?.generation);
    expect(after?.cacheGeneration).not.toBe(before?.cacheGeneration);
    expect(after?.checkpoint).toEqual(before?.checkpoint);
  });

  it('asked for twice at once is done once', async () => {
    await makeTasks(0, 1);
    const projected = await rig.project();
    const [one, other] = await Promise.all([projected.rebuild('task_list'), projected.rebuild('task_list')]);
    expect(one).toBe(other);
    expect(one.events).toBe(2);
  });

  it('asked for while one runs already (as at a start without read models) shows its progress all the same', async () => {
    await makeTasks(0, 1);
    const projected = await rig.project();
    const seen: RebuildProgress[] = [];
    await Promise.all([projected.rebuild('task_list'), projected.rebuild('task_list', (progress) => seen.push(progress))]);
    expect(seen.at(-1)?.events).toBe(2);
  });
});

function expectMoved(error: unknown): 'moved' {
  if (error instanceof NoSuchGeneration) return 'moved';
  throw error;
}
