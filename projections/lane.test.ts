import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { type ReadModels, ReadModelsUnavailable } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { eventsOf, foldedLog, log, openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import { stretchesOf } from './lane-stretches.ts';
import { type ProjectionsContext, startProjections } from './project.ts';
import type { AnyProjector } from './projector.ts';
import { taskDetail } from './projectors/task-detail.ts';
import { taskList } from './projectors/task-list.ts';
import { projectors } from './projectors.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

/** Appends the creation of so many tasks; resolves to the log's end. */
async function tasks(count: number): Promise<string> {
  const { data, metadata } = exampleEvent('TaskCreated');
  const before = (await eventsOf(rig.store)).length;
  for (let n = before; n < before + count; n++) {
    const stream = `task-${stableId('lane', String(n))}`;
    await rig.store.append(stream, NO_STREAM, [{ id: stableId(stream, '0'), type: 'TaskCreated', data, metadata }]);
  }
  return rig.store.head();
}

/** Read models of which one, the list of tasks, cannot be written as it should. */
function troubled(readModels: ReadModels, write: (documents: number) => Promise<void> | void): ReadModels {
  return {
    ...readModels,
    write: async (model, generation, documents, checkpoint) => {
      if (model.name === taskList.model.name) await write(documents.length);
      return readModels.write(model, generation, documents, checkpoint);
    },
  };
}

/** Starts projections, without waiting for more than the start does. */
const startWith = (context: Pick<ProjectionsContext, 'readModels' | 'cache' | 'projectors'>) =>
  startProjections({ store: rig.store, bus: rig.bus, log, silence: 50, backoff: 2, ...context });

const reached = ({ readModels }: Projected, { model }: AnyProjector, position: string) => readModels.reached(model, position, 10_000);

describe('a read model that cannot be written', () => {
  it('stops no other one, and is in step again, with nothing missing, once it can', async () => {
    let away = false;
    const written = troubled(await rig.readModels(), () => {
      if (away) throw new ReadModelsUnavailable(new Error('no connection'));
    });
    const followed = vi.spyOn(rig.bus, 'follow');
    const projected = await rig.project({ readModels: written, projectors: [taskList, taskDetail] });
    const holds = followed.mock.calls.length;
    away = true;
    const during = await tasks(5);
    expect(await reached(projected, taskDetail, during)).toBe(true);
    expect((await projected.readModels.state(taskList.model))?.checkpoint.position).not.toBe(during);
    away = false;
    await projected.caughtUp();
    await tasks(3);
    await projected.caughtUp();
    for (const projector of [taskList, taskDetail]) expect(await projected.documents(projector)).toBe(await foldedLog(rig.store, projector));
    expect(followed).toHaveBeenCalledTimes(holds);
  });

  it('takes batches half as large after each failure, down to what can be written', async () => {
    let most = Number.POSITIVE_INFINITY;
    const sizes: number[] = [];
    const written = troubled(await rig.readModels(), (documents) => {
      sizes.push(documents);
      if (documents > most) throw new ReadModelsUnavailable(new Error('too slow'));
    });
    const projected = await rig.project({ readModels: written, projectors: [taskList] });
    await projected.stop();
    most = 3;
    await tasks(40);
    sizes.length = 0;
    const again = await rig.project({ readModels: written, projectors: [taskList] });
    await again.caughtUp();
    expect(await again.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
    expect(sizes[0]).toBe(40);
    expect(Math.min(...sizes.filter((size) => size > 0))).toBeLessThanOrEqual(3);
  });

  it('that does not answer stops no other one, either', async () => {
    const answer = Promise.withResolvers<void>();
    let silent = false;
    const written = troubled(await rig.readModels(), () => (silent ? answer.promise : undefined));
    const projected = await rig.project({ readModels: written, projectors: [taskList, taskDetail] });
    silent = true;
    await tasks(1);
    const second = await tasks(1);
    expect(await reached(projected, taskDetail, second)).toBe(true);
    silent = false;
    answer.resolve();
    await projected.caughtUp();
    expect(await projected.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });

  it('whose state cannot be read at the start stops no other one', async () => {
    const before = await rig.project({ projectors: [taskList, taskDetail] });
    const first = await tasks(2);
    await before.caughtUp();
    await before.stop();
    let away = true;
    const { readModels } = before;
    const state: ReadModels['state'] = async (model, generation) => {
      if (away && model.name === taskList.model.name && generation === undefined) throw new ReadModelsUnavailable(new Error('no connection'));
      return readModels.state(model, generation);
    };
    const again = await startWith({ readModels: { ...readModels, state }, cache: before.cache, projectors: [taskList, taskDetail] });
    const second = await tasks(2);
    expect(second > first && (await reached(before, taskDetail, second))).toBe(true);
    away = false;
    await before.caughtUp();
    await again.stop();
    expect(await before.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });

  it('does not keep the others waiting for its state, either', async () => {
    const before = await rig.project({ projectors: [taskList, taskDetail] });
    await tasks(2);
    await before.caughtUp();
    await before.stop();
    const answer = Promise.withResolvers<void>();
    const { readModels, cache } = before;
    const state: ReadModels['state'] = async (model, generation) => {
      if (model.name === taskList.model.name && generation === undefined) await answer.promise;
      return readModels.state(model, generation);
    };
    const again = await startWith({ readModels: { ...readModels, state }, cache, projectors: [taskList, taskDetail] });
    const second = await tasks(2);
    expect(await reached(before, taskDetail, second)).toBe(true);
    answer.resolve();
    await before.caughtUp();
    await again.stop();
    expect(await before.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });
});

describe('the states of read models', () => {
  it('are read at once: what one of them waits for, none waits for after it', async () => {
    const before = await rig.project();
    await tasks(2);
    await before.caughtUp();
    await before.stop();
    const asked = new Set<string>();
    const all = Promise.withResolvers<void>();
    const { readModels, cache } = before;
    const state: ReadModels['state'] = async (model, generation) => {
      if (asked.add(model.name).size === projectors.length) all.resolve();
      await all.promise;
      return readModels.state(model, generation);
    };
    const again = await startWith({ readModels: { ...readModels, state }, cache });
    await vi.waitFor(() => expect(again.follower.active()).toBe(true));
    expect(again.paces.map(({ trouble }) => trouble()).filter((trouble) => trouble !== undefined)).toEqual([]);
    await again.stop();
  });
});

describe('a read model that is missing', () => {
  it('is made while the others go on, where there are others', async () => {
    const before = await rig.project({ projectors: [taskDetail] });
    await tasks(2);
    await before.caughtUp();
    await before.stop();
    const answer = Promise.withResolvers<void>();
    const { readModels, cache } = before;
    const ready: ReadModels['ready'] = async (model, generation) => {
      await answer.promise;
      return readModels.ready(model, generation);
    };
    const again = await startWith({ readModels: { ...readModels, ready }, cache, projectors: [taskList, taskDetail] });
    const second = await tasks(2);
    expect(await reached(before, taskDetail, second)).toBe(true);
    expect(await readModels.state(taskList.model)).toBeNull();
    answer.resolve();
    expect(await reached(before, taskList, second)).toBe(true);
    await again.stop();
    expect(await before.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });
});

describe('a rebuild of which a step fails after it was carried out', () => {
  const STEPS = ['begin', 'ready', 'update', 'write'] as const;

  /** Read models of which one step fails once, carried out or not, where it is done on the list of tasks; while it is done, more tasks happen. */
  function failingOnce(readModels: ReadModels, step: (typeof STEPS)[number], armed: () => boolean): ReadModels {
    let failed = false;
    const call = async (...args: unknown[]) => {
      const done = await (readModels[step] as (...given: unknown[]) => Promise<unknown>)(...args);
      if (failed || !armed() || (args[0] as AnyProjector['model']).name !== taskList.model.name) return done;
      failed = true;
      await tasks(2);
      throw new ReadModelsUnavailable(new Error('the answer was lost'));
    };
    return { ...readModels, [step]: call };
  }

  it.each(STEPS)('leaves no gap behind it, at a start without the read model: %s', async (step) => {
    const before = await rig.project({ projectors: [taskDetail] });
    await tasks(3);
    await before.caughtUp();
    await before.stop();
    const readModels = failingOnce(before.readModels, step, () => true);
    const again = await startWith({ readModels, cache: before.cache, projectors: [taskList, taskDetail] });
    const during = await tasks(2);
    expect(await reached(before, taskDetail, during)).toBe(true);
    await vi.waitFor(async () => expect(await before.documents(taskList)).toBe(await foldedLog(rig.store, taskList)));
    const last = await tasks(2);
    expect(await reached(before, taskList, last)).toBe(true);
    await again.stop();
    expect(await before.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });

  it.each(STEPS)('leaves no gap behind it, asked for by an operator: %s', async (step) => {
    let armed = false;
    const projected = await rig.project({ readModels: failingOnce(await rig.readModels(), step, () => armed), projectors: [taskList, taskDetail] });
    await tasks(3);
    await projected.caughtUp();
    armed = true;
    await expect(projected.rebuild(taskList.model.name)).rejects.toThrow('the answer was lost');
    const last = await tasks(2);
    expect(await reached(projected, taskList, last)).toBe(true);
    expect(await projected.documents(taskList)).toBe(await foldedLog(rig.store, taskList));
  });
});

it('a page is cut into stretches of so many wanted events, with nothing left out and the end as the last checkpoint', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('wanted', 'other')), fc.integer({ min: 1, max: 5 }), (types, size) => {
      const page = types.map((type, n) => ({ type, position: String(n), id: `id-${n}` }) as RecordedEvent);
      const stretches = [...stretchesOf(page, ['wanted'], () => size)];
      expect(stretches.flatMap(({ events }) => events)).toEqual(page.filter(({ type }) => type === 'wanted'));
      expect(stretches.every(({ events }) => events.length <= size)).toBe(true);
      expect(stretches.at(-1)?.checkpoint.position).toBe(page.at(-1)?.position);
    }),
  );
});
