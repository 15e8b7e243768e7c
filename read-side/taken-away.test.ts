/** Queries about tasks that an operator of EventStoreDB deleted or truncated. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { idOf, type NewEvent, NO_STREAM } from '../contracts/message.ts';
import { startRig } from '../platform/event-store/double/rig.fixture.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import { openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import { ADMIN, ALICE, type Ask, asking, RESIDENT } from './ask.fixture.ts';

let server: Awaited<ReturnType<typeof startRig>>;
let rig: Rig;
let operator: EventStoreDBClient;
let projected: Projected;
let ask: Ask;

beforeAll(async () => {
  server = await startRig();
  operator = EventStoreDBClient.connectionString(server.double.url);
  rig = await openRig({ url: server.double.url });
  projected = await rig.project();
  ask = asking({ ...rig, ...projected });
});
afterAll(async () => {
  await rig.close();
  await operator.dispose();
  await server.end();
});

/** A task of Alice's with four events, and the path of its history. */
async function aTask(): Promise<{ stream: string; history: string }> {
  const stream = `task-${randomUUID()}`;
  const created = { ...newEvent('TaskCreated'), data: { ...(exampleEvent('TaskCreated').data as object), maker: ALICE.id } };
  const events: NewEvent[] = [created, ...['TaskCommented', 'TaskStatusChanged', 'TaskCommented'].map(newEvent)];
  await rig.store.append(stream, NO_STREAM, events);
  await projected.caughtUp();
  return { stream, history: `/api/tasks/${idOf(stream)}/history` };
}

const refusal = async (path: string, options?: Parameters<Ask>[1]) =>
  ask(path, options).then(
    () => 'answered',
    (error: { status: number }) => error.status,
  );
const revisionsOf = (items: { revision: number }[]) => items.map(({ revision }) => revision);

it('a truncated task has a history that says where it begins, page by page, for those who may read it', async () => {
  const { stream, history } = await aTask();
  expect((await ask(history)).body.begins).toBeUndefined();
  await operator.setStreamMetadata(stream, { truncateBefore: 1 });
  const { body } = await ask(`${history}?limit=2`);
  expect([body.begins, revisionsOf(body.items)]).toEqual([1, [1, 2]]);
  const { body: rest } = await ask(`${history}?limit=2&cursor=${body.next}`);
  expect([rest.begins, revisionsOf(rest.items), rest.next]).toEqual([1, [3], undefined]);
  expect(await refusal(history, { as: RESIDENT })).toBe(404);
  expect((await ask(`/api/tasks/${idOf(stream)}`)).body.revision).toBe(3);
});

it('of a truncated task nobody can be told how it was, and that is said', async () => {
  const { stream } = await aTask();
  await operator.setStreamMetadata(stream, { truncateBefore: 2 });
  const path = `/api/tasks/${idOf(stream)}?asOf=${encodeURIComponent(new Date(Date.now() + 60_000).toISOString())}`;
  expect([await refusal(path), await refusal(path, { as: RESIDENT })]).toEqual([410, 404]);
});

it('a task of which nothing is left has an empty history, behind its last event', async () => {
  const { stream, history } = await aTask();
  await operator.setStreamMetadata(stream, { truncateBefore: 4 });
  expect((await ask(history)).body).toEqual({ items: [], begins: 4 });
  expect(await refusal(history, { as: RESIDENT })).toBe(404);
});

it('a task that was deleted is not there, softly or for good', async () => {
  for (const remove of [(stream: string) => operator.deleteStream(stream), (stream: string) => operator.tombstoneStream(stream)]) {
    const { stream, history } = await aTask();
    await remove(stream);
    await vi.waitFor(async () => expect(await refusal(`/api/tasks/${idOf(stream)}`)).toBe(404), { timeout: 20_000 });
    expect([await refusal(history), await refusal(history, { as: ADMIN })]).toEqual([404, 404]);
  }
});
