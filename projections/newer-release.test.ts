import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import type { NewEvent } from '../contracts/message.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { foldedLog, openRig, type Rig } from '../system/projections.fixture.ts';
import { waitingWherePassed } from './passed.ts';
import type { AnyProjector } from './projector.ts';
import { notifications } from './projectors/notifications.ts';
import { taskList } from './projectors/task-list.ts';
import { projectors } from './projectors.ts';
import { undecidedIn } from './undecided.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});
afterEach(() => rig.close());

/** The event in a shape that a newer release gave its type. */
function newer(type: string): NewEvent {
  const event = newEvent(type);
  return { ...event, data: { to: ['of another shape'], role: null }, metadata: { ...event.metadata, schema: event.metadata.schema + 1 } };
}

/** Notes, as an older release does, that the generation of a model which is there passed events of this shape. */
async function olderPassed(readModels: ReadModels, projector: AnyProjector, type: string): Promise<void> {
  const { generation } = (await readModels.state(projector.model)) ?? expect.fail();
  const shape = { stream: exampleEvent(type).stream, type, schema: 1, generation };
  await rig.store.append(`_passed-${projector.model.name}`, -1, [
    { id: randomUUID(), type: 'EventsPassed', data: shape, metadata: exampleEvent(type).metadata },
  ]);
}

it('invariant 17: what a read model has passed is noted, for each generation, once for a shape, and only where it may have to fold it', async () => {
  const projected = await rig.project({ projectors: [notifications, taskList] });
  const unknown = [newer('TaskStatusChanged'), newer('TaskStatusChanged'), { ...newEvent('TaskEdited'), type: 'TaskPinned' }];
  await rig.store.append('task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', -1, [newEvent('TaskCreated'), ...unknown]);
  await projected.caughtUp();
  await projected.rebuild(taskList.model.name);
  const noted = async ({ model }: AnyProjector) => {
    const found: string[] = [];
    for await (const page of rig.store.readStream(`_passed-${model.name}`))
      for (const { data } of page as { data: { type: string; generation: number } }[]) found.push(`${data.type} ${data.generation}`);
    return found;
  };
  const { generation } = (await projected.readModels.state(taskList.model)) ?? expect.fail();
  const types = ['TaskStatusChanged', 'TaskPinned'];
  expect(await noted(taskList)).toEqual([generation - 1, generation].flatMap((one) => types.map((type) => `${type} ${one}`)));
  expect(await noted(notifications)).toEqual([]);
});

it('invariant 17: a read model that passed what this release knows is made anew, and until then nobody begins from it', async () => {
  const older = await rig.project({ projectors: [notifications] });
  await older.caughtUp();
  const { readModels } = older;
  await older.stop();
  const before = await readModels.state(notifications.model);
  const asked = () => undecidedIn(waitingWherePassed(readModels, rig.store), notifications)(10, null);
  expect(await asked()).not.toBeNull();
  await olderPassed(readModels, notifications, 'NotificationRequested');
  expect(await asked()).toBeNull();
  await rig.project({ projectors: [notifications], readModels });
  await vi.waitFor(async () => expect((await readModels.state(notifications.model))?.generation).toBeGreaterThan(before?.generation ?? 0));
  expect(await asked()).not.toBeNull();
});

it('invariant 17: read models are what the known events say, as they come and made anew, and nothing is parked', async () => {
  const projected = await rig.project();
  const task = [newEvent('TaskCreated'), newer('TaskStatusChanged'), newEvent('TaskCommented'), { ...newEvent('TaskEdited'), type: 'TaskPinned' }];
  await rig.store.append('task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', -1, [...task, newEvent('UserDeleted'), newEvent('TaskStatusChanged')]);
  const user = [newEvent('UserCreated'), newer('UserDeleted'), newEvent('UserConfirmed'), newer('UserRoleChanged')];
  await rig.store.append('user-8d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08', -1, user);
  await rig.store.append('shop-9d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09', -1, [newEvent('TaskCreated')]);
  await projected.caughtUp();
  for (const projector of projectors) {
    const wanted = await foldedLog(rig.store, projector);
    expect(await projected.documents(projector), projector.model.name).toBe(wanted);
    await projected.rebuild(projector.model.name);
    expect(await projected.documents(projector), projector.model.name).toBe(wanted);
  }
  expect(projected.parked()).toEqual([]);
});
