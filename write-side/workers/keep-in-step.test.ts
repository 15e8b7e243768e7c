import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { SAID_STATES } from '../../contracts/repair-state.ts';
import { PRIORITIES, STATUSES } from '../../contracts/task.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { RepairState } from '../deciders/repair-state.ts';
import type { TaskState } from '../deciders/task.ts';
import { commandHandler, type OpenCommandHandler } from '../handle-command.ts';
import { toldByRepair, toldByTask } from './in-step.ts';
import { IN_STEP, keepInStep, taskOfRepair } from './keep-in-step.ts';

const [SITE, ANN, WILL, WENDY, EVE] = ['site', 'ann', 'will', 'wendy', 'eve'].map((name) => stableId(name)) as [
  string,
  string,
  string,
  string,
  string,
];
const REPAIR = stableId('repair');
const TASK = taskOfRepair(REPAIR);
const admin: Actor = { id: stableId('admin'), role: 'admin', seesAll: true };
const log = { warn: () => {} };

/** What ends a process in the middle of its work. */
class Killed extends Error {}

/** An installation with a site, a request, two who can repair it, and one who cannot. */
async function world() {
  const store = inMemoryStore();
  const commands = commandHandler({ store, hmac: (text) => stableId('hmac', text), log });
  let sent = 0;
  /** Sends a command; resolves to the code of its refusal, if it was refused. */
  const tell = async (type: string, stream: string, data: unknown = null, actor = admin): Promise<string | undefined> => {
    const commandId = stableId('command', String(sent++));
    const command = { type, stream, id: stream.replace(/^[a-z]+-/, ''), data, commandId, actor, now: '2027-01-01T00:00:00.000Z' };
    return commands.handle(command, { correlationId: commandId }).then(
      () => undefined,
      (error: unknown) => (error instanceof ProblemError ? error.code : Promise.reject(error)),
    );
  };
  await tell('AddSite', `site-${SITE}`, { name: 'Linden Court', address: 'Here', timeZone: 'UTC' });
  for (const [id, role] of [
    [WILL, 'maintenance'],
    [WENDY, 'maintenance'],
    [EVE, 'member'],
  ] as const)
    await tell('RegisterUser', `user-${id}`, { name: 'Somebody', email: `${id}@example.org`, role });
  await tell('FileRepair', `repair-${REPAIR}`, { site: SITE, title: 'It drips' }, { ...admin, id: ANN });
  return { store, commands, tell };
}

type World = Awaited<ReturnType<typeof world>>;

async function both({ commands }: { commands: OpenCommandHandler }) {
  const [repair, task] = [await commands.load<RepairState>(`repair-${REPAIR}`), await commands.load<TaskState>(`task-${TASK}`)];
  return { repair: repair.state, task: task.state };
}

async function expectInStep(it: { commands: OpenCommandHandler }): Promise<void> {
  const { repair, task } = await both(it);
  if (task.exists) expect(toldByTask(task)).toEqual(toldByRepair(repair));
  else expect(repair.assignee).toBeNull();
}

/** Keeps in step with commands of which the one at `at` is the last: the process ends before it is carried out, or right after. */
function dying({ store, commands }: World, { at, after }: { at: number; after: boolean }) {
  let count = 0;
  return keepInStep({
    store,
    commands: {
      load: commands.load,
      handle: async (command, context) => {
        if (count++ < at) return commands.handle(command, context);
        if (after) await commands.handle(command, context);
        throw new Killed();
      },
    },
  });
}

const inTime = fc.constantFrom('2028-01-01T00:00:00.000Z', '2028-06-01T00:00:00.000Z', null);
const ofRepair = fc.oneof(
  fc.constantFrom(WILL, WENDY, null).map((userId) => ({ type: 'AssignRepair', data: { userId } })),
  fc
    .constantFrom(...SAID_STATES)
    .map((state) => ({ type: 'SetRepairState', data: { state, ...(state === 'waiting' ? { waitingFor: 'parts' } : {}) } })),
  fc.record({ priority: fc.constantFrom(...PRIORITIES), deadline: inTime }).map((data) => ({ type: 'TriageRepair', data })),
  fc.constant({ type: 'ReopenRepair', data: { reason: 'It drips still.' } }),
);
const ofTask = fc.oneof(
  fc.constantFrom(WILL, WENDY, EVE, null).map((userId) => ({ type: 'AssignTask', data: { userId } })),
  fc.constantFrom(...STATUSES).map((status) => ({ type: 'ChangeTaskStatus', data: { status } })),
  fc.record({ priority: fc.constantFrom(...PRIORITIES), deadline: inTime }, { requiredKeys: [] }).map((data) => ({ type: 'EditTask', data })),
  fc.constantFrom('DeleteTask', 'RestoreTask').map((type) => ({ type, data: null })),
);
const step = fc.oneof(
  { weight: 4, arbitrary: ofRepair.map((one) => ({ what: 'repair' as const, ...one })) },
  { weight: 4, arbitrary: ofTask.map((one) => ({ what: 'task' as const, ...one })) },
  { weight: 3, arbitrary: fc.constant({ what: 'keep' as const }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('die' as const), at: fc.nat(3), after: fc.boolean() }) },
  { weight: 1, arbitrary: ofTask.map((one) => ({ what: 'at once' as const, ...one })) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function done(here: World, one: Step): Promise<void> {
  const keep = keepInStep(here);
  switch (one.what) {
    case 'repair':
    case 'task':
      await here.tell(one.type, one.what === 'task' ? `task-${TASK}` : `repair-${REPAIR}`, one.data);
      return;
    case 'keep':
      return keep(REPAIR, 'c');
    case 'die':
      return dying(here, one)(REPAIR, 'c').catch((error) => expect(error).toBeInstanceOf(Killed));
    case 'at once':
      await Promise.all([keep(REPAIR, 'c'), keep(REPAIR, 'd'), here.tell(one.type, `task-${TASK}`, one.data)]);
  }
}

describe('a repair request and its task', () => {
  it('end in step, whatever is done to both in whatever order, over kills, and stay so', { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14, size: 'max' }), async (steps) => {
        const here = await world();
        await here.tell('AssignRepair', `repair-${REPAIR}`, { userId: WILL });
        const keep = keepInStep(here);
        for (const one of steps) await done(here, one);
        await keep(REPAIR, 'c');
        await expectInStep(here);
        const { length } = await logOf(here.store);
        await keep(REPAIR, 'c');
        expect(await logOf(here.store)).toHaveLength(length);
      }),
      { numRuns: 150 },
    ),
  );
});

describe('of a request that is given to somebody', () => {
  let here: World;
  let store: EventStore;
  let keep: () => Promise<void>;
  beforeEach(async () => {
    here = await world();
    store = here.store;
    const inStep = keepInStep(here);
    keep = () => inStep(REPAIR, 'c');
    await keep();
    expect((await both(here)).task.exists).toBe(false);
    await here.tell('AssignRepair', `repair-${REPAIR}`, { userId: WILL });
    await keep();
  });
  const repair = (type: string, data: unknown = null) => here.tell(type, `repair-${REPAIR}`, data);
  const task = (type: string, data: unknown = null) => here.tell(type, `task-${TASK}`, data);
  const told = async () => {
    await keep();
    await expectInStep(here);
    const { repair: one, task: other } = await both(here);
    return [one.status, other.status, other.assignee];
  };
  /** The changes of the task that its request made. */
  const because = async () =>
    (await logOf(store)).filter(({ stream, data }) => stream === `task-${TASK}` && (data as { because?: string }).because === 'repair_request');

  it('the task is theirs, says whose it is about and nothing that the requester wrote, and is made by who gave it', async () => {
    const { task: made } = await both(here);
    expect(made).toMatchObject({ title: 'Repair: Linden Court', description: '', maker: admin.id, assignee: WILL, status: 'open', repair: REPAIR });
  });
  it('the request follows the task that is begun, done and opened again', async () => {
    await task('ChangeTaskStatus', { status: 'in-progress' });
    expect(await told()).toEqual(['in-progress', 'in-progress', WILL]);
    await task('ChangeTaskStatus', { status: 'done' });
    expect(await told()).toEqual(['done', 'done', WILL]);
    await task('ChangeTaskStatus', { status: 'open' });
    expect(await told()).toEqual(['assigned', 'open', WILL]);
    expect(await because()).toEqual([]);
  });
  it('the task follows the request, and its history says why', async () => {
    await repair('SetRepairState', { state: 'waiting', waitingFor: 'parts' });
    expect(await told()).toEqual(['waiting', 'in-progress', WILL]);
    await repair('AssignRepair', { userId: WENDY });
    expect(await told()).toEqual(['assigned', 'open', WENDY]);
    await repair('SetRepairState', { state: 'cancelled' });
    expect(await told()).toEqual(['cancelled', 'cancelled', WENDY]);
    expect((await because()).map(({ type, metadata }) => [type, metadata.actor])).toEqual([
      ['TaskStatusChanged', IN_STEP.id],
      ['TaskAssigned', IN_STEP.id],
      ['TaskStatusChanged', IN_STEP.id],
      ['TaskStatusChanged', IN_STEP.id],
    ]);
  });
  it('the request counts where both were changed at once', async () => {
    await task('ChangeTaskStatus', { status: 'done' });
    await repair('SetRepairState', { state: 'waiting', waitingFor: 'requester' });
    expect(await told()).toEqual(['waiting', 'in-progress', WILL]);
    expect(await because()).toHaveLength(1);
  });
  it('a task that is cancelled or taken from its assignee gives the request back, and is there again when that is given anew', async () => {
    await task('ChangeTaskStatus', { status: 'cancelled' });
    expect(await told()).toEqual(['filed', 'cancelled', null]);
    await repair('AssignRepair', { userId: WENDY });
    expect(await told()).toEqual(['assigned', 'open', WENDY]);
    await task('AssignTask', { userId: null });
    expect(await told()).toEqual(['filed', 'cancelled', null]);
    await task('DeleteTask');
    await repair('AssignRepair', { userId: WILL });
    expect(await told()).toEqual(['assigned', 'open', WILL]);
    expect((await both(here)).task.deleted).toBe(false);
  });
  it('what the request cannot follow is taken back: who may not repair it, and a task that is opened after the end', async () => {
    await task('AssignTask', { userId: EVE });
    expect(await told()).toEqual(['assigned', 'open', WILL]);
    await repair('SetRepairState', { state: 'cancelled' });
    await keep();
    await task('ChangeTaskStatus', { status: 'open' });
    expect(await told()).toEqual(['cancelled', 'cancelled', WILL]);
  });
  it('deadline and priority are the same', async () => {
    await repair('TriageRepair', { priority: 'high', deadline: '2028-01-01T00:00:00Z' });
    await keep();
    await task('EditTask', { priority: 'urgent' });
    await told();
    expect((await both(here)).repair.triage).toEqual({ priority: 'urgent', cause: null, deadline: '2028-01-01T00:00:00.000Z' });
    await task('EditTask', { deadline: null });
    await told();
    expect((await both(here)).repair.triage).toMatchObject({ priority: 'urgent', deadline: null });
  });
});
