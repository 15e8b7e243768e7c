import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NewEvent } from '../contracts/message.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import { foldedLog, openRig, type Rig } from '../system/projections.fixture.ts';
import { projectors } from './projectors.ts';

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
