/** Policies and streams that an operator of EventStoreDB deleted or truncated before the policy had read them. */
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../platform/event-bus/memory/memory.ts';
import { TASK_EVENTS } from '../platform/event-bus/queues.fixture.ts';
import { BeginningGone } from '../platform/event-store/beginning.ts';
import { type Rig, startRig } from '../platform/event-store/double/rig.fixture.ts';
import { type EventStore, StreamRefused } from '../platform/event-store/event-store.ts';
import { logOf } from '../platform/event-store/in-memory.fixture.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { forwarding } from '../system/forwarder.fixture.ts';
import { followPolicy, type RunningPolicy } from './follow-policy.ts';
import { taskOf, taskPolicy } from './policies/task.ts';
import { whole } from './tellers/teller.ts';
import { Withdrawn } from './withdrawn.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const PATIENCE = { timeout: 20_000 };
let rig: Rig;
let store: EventStore;
let bus: EventBus;
let operator: EventStoreDBClient;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  rig = await startRig();
  store = await rig.open();
  operator = EventStoreDBClient.connectionString(rig.double.url);
  bus = openMemoryBus({ queues: [TASK_EVENTS], log });
  stops.push(forwarding(store, bus).stop);
  // Deployed, it follows from here on; it is away while the operator works.
  await (await start()).stop();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await operator.dispose();
  await rig.end();
});

async function start(shown = store): Promise<RunningPolicy> {
  const policy = { name: 'task_mail', queue: TASK_EVENTS, task: taskOf, wants: taskPolicy };
  const running = await followPolicy(policy, { store: shown, bus, readModels: {} as ReadModels, seesAll: () => true, log, silence: 20, backoff: 1 });
  stops.push(running.stop);
  return running;
}

/** Appends a task's events, one after the other. */
async function aTask(...types: string[]): Promise<string> {
  const stream = `task-${randomUUID()}`;
  for (const [index, type] of types.entries()) {
    const { data, metadata } = exampleEvent(type);
    await store.append(stream, index === 0 ? NO_STREAM : index - 1, [
      { id: randomUUID(), type, data, metadata: { ...metadata, actor: randomUUID() } },
    ]);
  }
  return stream;
}

/** The kinds of the mails that were asked for about a task. */
async function mailsAbout(task: string): Promise<string[]> {
  const requested = (await logOf(store)).filter(({ type }) => type === 'NotificationRequested');
  const data = requested.map((event) => event.data as { channel: string; kind: string; about: { stream: string } });
  return data.filter(({ channel, about }) => channel === 'email' && about.stream === task).map(({ kind }) => kind);
}

it('a mail about what was truncated is taken back', async () => {
  const load = async () => ({ state: {}, revision: 3, position: '', missing: new BeginningGone('task-1') });
  await expect(whole('task-1', { commands: { load: load as never } })).rejects.toBeInstanceOf(Withdrawn);
});

describe('a policy that comes to a task', () => {
  it.each([
    ['the store refuses', new StreamRefused('its user may not do that')],
    ['cannot be decoded', new SyntaxError('Unexpected end of JSON input')],
  ])('whose stream %s parks it, goes on with others, and works it off when that is over', async (_, error) => {
    const [refused, other] = [await aTask('TaskCreated', 'TaskAssigned'), await aTask('TaskCreated', 'TaskAssigned')];
    let isRefused = true;
    const shown: EventStore = {
      ...store,
      readStream: (stream, options) => {
        if (isRefused && stream === refused) throw error;
        return store.readStream(stream, options);
      },
    };
    const policy = await start(shown);
    await vi.waitFor(async () => expect(await mailsAbout(other)).toEqual(['task_created', 'task_assigned']), PATIENCE);
    expect(policy.parked()).toMatchObject([{ stream: refused, error: error.message }]);
    isRefused = false;
    await policy.release(refused, false);
    expect(await mailsAbout(refused)).toEqual(['task_created', 'task_assigned']);
  });

  for (const [how, takeAway] of [
    ['deleted softly', (task: string) => operator.deleteStream(task)],
    ['deleted for good', (task: string) => operator.tombstoneStream(task)],
    ['truncated past what it had not read', (task: string) => operator.setStreamMetadata(task, { truncateBefore: 9 })],
  ] as const) {
    it(`${how} tells nobody of it, parks nothing, and goes on with others`, async () => {
      const gone = await aTask('TaskCreated', 'TaskAssigned', 'TaskCommented');
      await takeAway(gone);
      const policy = await start();
      const other = await aTask('TaskCreated', 'TaskAssigned');
      await vi.waitFor(async () => expect(await mailsAbout(other)).toContain('task_assigned'), PATIENCE);
      expect(policy.parked()).toEqual([]);
      expect(await mailsAbout(gone)).not.toContain('task_assigned');
    });
  }

  it('deleted while it follows tells nobody of what comes later, whatever it remembers', async () => {
    const policy = await start();
    const gone = await aTask('TaskCreated', 'TaskAssigned');
    await vi.waitFor(async () => expect(await mailsAbout(gone)).toContain('task_assigned'), PATIENCE);
    await policy.stop();
    const again = await start();
    await operator.deleteStream(gone);
    const other = await aTask('TaskCreated', 'TaskAssigned');
    await vi.waitFor(async () => expect(await mailsAbout(other)).toContain('task_assigned'), PATIENCE);
    expect(again.parked()).toEqual([]);
  });

  it('truncated in its beginning parks it, and works it off once the operator took that back', async () => {
    const cut = await aTask('TaskCreated', 'TaskCommented', 'TaskAssigned');
    await operator.setStreamMetadata(cut, { truncateBefore: 1 });
    const policy = await start();
    const other = await aTask('TaskCreated', 'TaskAssigned');
    await vi.waitFor(async () => expect(await mailsAbout(other)).toContain('task_assigned'), PATIENCE);
    // The comment of revision 1 needs the people of the task, whom nobody knows.
    expect(policy.parked()).toEqual([expect.objectContaining({ stream: cut, revision: 1, error: expect.stringContaining('truncated') })]);
    await expect(policy.release(cut, false)).rejects.toThrow('truncated');
    await operator.setStreamMetadata(cut, { truncateBefore: 0 });
    expect(await policy.release(cut, false)).toBe(true);
    expect(await mailsAbout(cut)).toContain('task_assigned');
    expect(policy.parked()).toEqual([]);
  });

  it('parked, and deleted afterwards, is released: nothing of it is left to work off', async () => {
    const cut = await aTask('TaskCreated', 'TaskCommented', 'TaskAssigned');
    await operator.setStreamMetadata(cut, { truncateBefore: 1 });
    const policy = await start();
    await vi.waitFor(() => expect(policy.parked()).toHaveLength(1), PATIENCE);
    const other = await aTask('TaskCreated', 'TaskAssigned');
    await vi.waitFor(async () => expect(await mailsAbout(other)).toContain('task_assigned'), PATIENCE);
    await operator.deleteStream(cut);
    expect(await policy.release(cut, false)).toBe(true);
    expect(policy.parked()).toEqual([]);
  });
});
