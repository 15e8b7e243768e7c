import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import type { NewEvent, RecordedEvent } from '../contracts/message.ts';
import type { ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { append, histories } from '../system/histories.fixture.ts';
import { foldedLog, openRig, type Rig } from '../system/projections.fixture.ts';
import { UnknownProjection } from './project.ts';
import type { AnyProjector, Folded } from './projector.ts';
import { taskDetail } from './projectors/task-detail.ts';
import { type TaskListDocument, taskList } from './projectors/task-list.ts';
import { projectors } from './projectors.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

const LAMP = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const DOOR = '8d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';

function event(stream: string, revision: number, type: string, data: object = {}): NewEvent {
  const example = exampleEvent(type);
  return { id: stableId(stream, String(revision)), type, data: { ...(example.data as object), ...data }, metadata: example.metadata };
}

async function make(id: string, ...types: [string, object?][]): Promise<void> {
  const stream = `task-${id}`;
  const events = [['TaskCreated'] as [string, object?], ...types].map(([type, data], revision) => event(stream, revision, type, data));
  await rig.store.append(stream, -1, events);
}

const add = (id: string, revision: number, type: string, data: object = {}) =>
  rig.store.append(`task-${id}`, revision - 1, [event(`task-${id}`, revision, type, data)]);

describe('the projections', () => {
  it('fold what happens into documents, and move every read model to the log’s end', async () => {
    const projected = await rig.project();
    await make(LAMP, ['TaskAssigned'], ['TaskStatusChanged']);
    await projected.caughtUp();
    for (const projector of projectors) expect(await projected.documents(projector)).toBe(await foldedLog(rig.store, projector));
    expect(await projected.status()).toMatchObject(projectors.map(({ model }) => ({ name: model.name, lag: 0, parked: 0, rebuilding: false })));
  });

  it('invariant 8: fold a batch into one write a document', async () => {
    const readModels = await rig.readModels();
    const written: string[][] = [];
    const watched: ReadModels = {
      ...readModels,
      write: (model, generation, documents, checkpoint) => {
        if (model.name === 'task_list' && documents.length > 0) written.push(documents.map(({ id }) => id));
        return readModels.write(model, generation, documents, checkpoint);
      },
    };
    const projected = await rig.project({ readModels: watched });
    await make(LAMP, ...Array.from({ length: 50 }, () => ['TaskCommented'] as [string]));
    await projected.caughtUp();
    expect(written.flat().every((id) => id === LAMP)).toBe(true);
    expect(written.length).toBeLessThan(10);
    expect(JSON.parse(await projected.documents(taskList))[0].document.comments).toBe(50);
  });

  it('refuse to rebuild what is not there', async () => {
    const projected = await rig.project();
    await expect(projected.rebuild('task_lists')).rejects.toThrow(UnknownProjection);
  });
});

describe('after an error of the read-model store', () => {
  it('invariant 8: no event is folded twice, whichever write failed', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories(25),
        fc.array(fc.constantFrom<'before' | 'after' | false>('before', 'after', false), { maxLength: 12 }),
        async (history, given) => {
          const failures: typeof given = [];
          const its = await openRig();
          try {
            const readModels = await its.readModels();
            const projected = await its.project({ readModels: failing(readModels, () => failures.shift() ?? false) });
            failures.push(...given);
            await append(its.store, history);
            await projected.caughtUp();
            for (const projector of projectors) expect(await projected.documents(projector)).toBe(await foldedLog(its.store, projector));
          } finally {
            await its.close();
          }
        },
      ),
      { numRuns: 10, endOnFailure: true },
    );
  });
});

/** Read models whose writes fail now and then, before or after they took effect. */
function failing(readModels: ReadModels, fails: () => 'before' | 'after' | false): ReadModels {
  return {
    ...readModels,
    write: async (...what) => {
      const failure = fails();
      if (failure === 'before') throw new Error('the store does not answer');
      await readModels.write(...what);
      if (failure) throw new Error('the answer was lost');
    },
  };
}

describe('deleted read models', () => {
  it('invariant 1: are there again to the byte after a replay', async () => {
    await fc.assert(
      fc.asyncProperty(histories(), async (history) => {
        const its = await openRig();
        try {
          const before = await its.project();
          await append(its.store, history);
          await before.caughtUp();
          await before.stop();
          const after = await its.project();
          await after.caughtUp();
          for (const projector of projectors) expect(await after.documents(projector)).toBe(await before.documents(projector));
        } finally {
          await its.close();
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });
});

it('invariant 10: an event of which a document is made that cannot be written parks its stream, as it comes and made anew', async () => {
  const projected = await rig.project();
  await rig.store.append(`task-${LAMP}`, -1, [event(`task-${LAMP}`, 0, 'TaskCreated', { title: { de: 'Lampe' }, labels: 7, maker: [] })]);
  await make(DOOR);
  await projected.caughtUp();
  const waiting = () => [...new Set(projected.parked().map(({ stream }) => stream))];
  expect(waiting()).toEqual([`task-${LAMP}`]);
  expect(await projected.documents(taskList)).toContain(DOOR);
  await projected.rebuild('task_list');
  expect(waiting()).toEqual([`task-${LAMP}`]);
});

describe('invariant 10: an event that cannot be folded', () => {
  /** A task list that stumbles over one title until it is mended. */
  function stumbling(): { projector: AnyProjector; mend(): void } {
    let mended = false;
    const evolve = (document: Folded<TaskListDocument>, one: RecordedEvent) => {
      if (!mended && (one.data as { title?: string }).title === 'poison') throw new Error('stumbled');
      return taskList.evolve(document, one);
    };
    return {
      projector: { ...taskList, evolve },
      mend: () => {
        mended = true;
      },
    };
  }

  it('parks its stream, and later events of it, while all others go on', async () => {
    const { projector } = stumbling();
    const projected = await rig.project({ projectors: [projector, taskDetail] });
    await make(LAMP, ['TaskStatusChanged', { from: 'open', to: 'in-progress' }]);
    await add(LAMP, 2, 'TaskEdited', { title: 'poison' });
    await add(LAMP, 3, 'TaskCommented');
    await make(DOOR);
    await add(DOOR, 1, 'TaskCommented');
    await projected.caughtUp();
    const [lamp, door] = JSON.parse(await projected.documents(projector)) as Stored[];
    expect(lamp).toMatchObject({ id: LAMP, document: { revision: 1, status: 'in-progress', comments: 0 } });
    expect(door).toMatchObject({ id: DOOR, document: { revision: 1, comments: 1 } });
    expect(projected.parked()).toMatchObject([{ name: 'task_list', stream: `task-${LAMP}`, revision: 2, error: 'stumbled' }]);
    expect(await projected.status()).toMatchObject([
      { name: 'task_list', parked: 1, lag: 0 },
      { name: 'task_detail', parked: 0 },
    ]);
  });

  it('waits after a restart too, and in a rebuild', async () => {
    const { projector } = stumbling();
    const first = await rig.project({ projectors: [projector] });
    await make(LAMP);
    await add(LAMP, 1, 'TaskEdited', { title: 'poison' });
    await first.caughtUp();
    await first.stop();
    const second = await rig.project({ projectors: [projector], readModels: first.readModels });
    await add(LAMP, 2, 'TaskCommented');
    await second.caughtUp();
    await second.rebuild('task_list');
    expect(await second.status()).toMatchObject([{ parked: 1 }]);
    expect(JSON.parse(await second.documents(projector))).toMatchObject([{ document: { revision: 0, comments: 0 } }]);
  });

  it('is released by a rebuild once it can be folded', async () => {
    const { projector, mend } = stumbling();
    const projected = await rig.project({ projectors: [projector] });
    await make(LAMP);
    await add(LAMP, 1, 'TaskEdited', { title: 'poison' });
    await add(LAMP, 2, 'TaskCommented');
    await projected.caughtUp();
    mend();
    await projected.release('task_list', `task-${LAMP}`);
    expect(projected.parked()).toEqual([]);
    expect(await projected.status()).toMatchObject([{ parked: 0 }]);
    expect(await projected.documents(projector)).toBe(await foldedLog(rig.store, taskList));
  });
});

describe('a read model that does not fit', () => {
  it('of another version answers as it is, and is rebuilt beside itself', async () => {
    const first = await rig.project({ projectors: [taskList] });
    await make(LAMP);
    await first.caughtUp();
    await first.stop();
    const before = await first.readModels.state(taskList.model);
    const newer = { ...taskList, model: { ...taskList.model, version: taskList.model.version + 1 } };
    const second = await rig.project({ projectors: [newer], readModels: first.readModels });
    expect(await first.readModels.state(taskList.model)).not.toBeNull();
    await make(DOOR);
    await vi.waitFor(async () => expect(await second.readModels.state(newer.model)).toMatchObject({ version: newer.model.version }));
    await second.caughtUp();
    expect((await second.readModels.state(newer.model))?.generation).not.toBe(before?.generation);
    expect(await second.documents(newer)).toBe(await foldedLog(rig.store, taskList));
  });

  it('invariant 7: made of another log is rebuilt from this one', async () => {
    const other = await openRig();
    try {
      const elsewhere = await other.project();
      await append(other.store, [{ stream: `task-${DOOR}`, expected: -1, event: event(`task-${DOOR}`, 0, 'TaskCreated') }]);
      await elsewhere.caughtUp();
      await elsewhere.stop();
      await make(LAMP);
      const here = await rig.project({ readModels: elsewhere.readModels });
      await vi.waitFor(async () => expect(await here.documents(taskList)).toBe(await foldedLog(rig.store, taskList)), 10_000);
      await vi.waitFor(async () => expect((await here.status()).every(({ rebuilding }) => !rebuilding)).toBe(true), 10_000);
      await add(LAMP, 1, 'TaskCommented');
      await here.caughtUp();
      for (const projector of projectors) expect(await here.documents(projector)).toBe(await foldedLog(rig.store, projector));
    } finally {
      await other.close();
    }
  });
});
