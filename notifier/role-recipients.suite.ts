/** The suite of a policy that tells everybody who has a role, with the real follower and read model; run on the embedded stores and on servers. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type Position, type RecordedEvent } from '../contracts/message.ts';
import { notificationContract } from '../contracts/notification.ts';
import type { Post, SiteRole } from '../contracts/post.ts';
import type { Role } from '../contracts/role.ts';
import { memoryCache } from '../platform/cache/memory/memory.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { TASK_EVENTS } from '../platform/event-bus/queues.fixture.ts';
import type { QueueTable } from '../platform/event-bus/queues.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore, logOf, newEvent } from '../platform/event-store/in-memory.fixture.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { PROJECTIONS, type Projections, startProjections } from '../projections/project.ts';
import { roleHolders } from '../projections/projectors/role-holders.ts';
import { forwarding } from '../system/forwarder.fixture.ts';
import { followPolicy, type Policy, type RunningPolicy } from './follow-policy.ts';
import { toldAt, told as toldTo, type Wanted, type WantedOfRole } from './wanted.ts';

const log = { info: () => {}, warn: vi.fn(), error: () => {} };
/** Milliseconds before a test gives up; servers are slow on a busy machine. */
const LONG = 120_000;
const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const ELSEWHERE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';
const CHECKPOINT = '_checkpoint-guards';

/** The ports that the tests run on: a bus, and the read models as two processes open them, one that projects and one that notifies. */
export interface Opened {
  bus: EventBus;
  projecting: ReadModels;
  notifying: ReadModels;
  close(): Promise<void>;
}

/** The first event of a task. */
interface Made {
  id: string;
  position: Position;
}

interface Watched {
  store: EventStore;
  readModels: ReadModels;
}

/** The policy of the tests: each new task is told to every guard but the one who made it. */
const guards: Policy = {
  name: 'guards',
  queue: TASK_EVENTS,
  wants: ({ type, stream, revision, metadata: { actor } }) =>
    type === 'TaskCreated'
      ? [{ channel: 'in-app', kind: 'task_created', recipient: { role: 'security', except: actor }, about: { stream, revision } }]
      : [],
};

/** The queues of the buses that the suite runs on. */
export const QUEUES: QueueTable = [PROJECTIONS.queue, guards.queue];

export function describeRoleRecipients(open: () => Promise<Opened>, people: number): void {
  describe('a policy that tells everybody who has a role', { timeout: LONG }, () => {
    let store: EventStore;
    let opened: Opened;
    let stops: (() => Promise<unknown>)[];

    beforeEach(async () => {
      store = inMemoryStore();
      opened = await open();
      stops = [opened.close, forwarding(store, opened.bus).stop];
      log.warn.mockClear();
    }, LONG);
    afterEach(async () => {
      for (const stop of stops.reverse()) await stop();
    }, LONG);

    async function project(): Promise<Projections> {
      const { bus, projecting: readModels } = opened;
      const context = { store, bus, readModels, log, cache: memoryCache(), projectors: [roleHolders], silence: 50, backoff: 2 };
      const projections = await startProjections(context);
      stops.push(projections.stop);
      return projections;
    }

    async function start(policy: Partial<Policy> = {}, more: { store?: EventStore; readModels?: ReadModels } = {}): Promise<RunningPolicy> {
      const { bus, notifying } = opened;
      const running = await followPolicy(
        { ...guards, ...policy },
        { store, bus, readModels: notifying, seesAll: () => true, log, silence: 50, backoff: 2, ...more },
      );
      stops.push(running.stop);
      return running;
    }

    /** Starts and stops the policy once, so that it has a checkpoint and decides on all later events. */
    async function deployed(): Promise<void> {
      await (await start()).stop();
    }

    async function register(id: string, role: Role): Promise<void> {
      const data = { ...(exampleEvent('UserCreated').data as object), role };
      await store.append(`user-${id}`, NO_STREAM, [{ ...newEvent('UserCreated'), data }]);
    }
    const changeRole = (id: string, revision: number, to: Role) =>
      store.append(`user-${id}`, revision, [{ ...newEvent('UserRoleChanged'), data: { from: 'member', to } }]);
    const remove = (id: string, revision: number) => store.append(`user-${id}`, revision, [newEvent('UserDeleted')]);

    async function makeTask(actor = 'nobody'): Promise<Made> {
      const event = newEvent('TaskCreated');
      const { position } = await store.append('task-1', NO_STREAM, [{ ...event, metadata: { ...event.metadata, actor } }]);
      return { id: event.id, position };
    }

    async function requested(): Promise<RecordedEvent[]> {
      return (await logOf(store)).filter(({ type }) => type === 'NotificationRequested');
    }
    const recipientOf = ({ data }: RecordedEvent) => (data as Wanted).recipient.userId ?? '';
    const told = async () => (await requested()).map(recipientOf).sort();
    const eventually = (recipients: string[]) => vi.waitFor(async () => expect(await told()).toEqual(recipients), LONG);

    /** True once the policy's checkpoint is at or past the event. */
    async function isPast({ position }: Made): Promise<boolean> {
      for await (const [last] of store.readStream(CHECKPOINT, { direction: 'backwards', limit: 1 })) return positionIn(last) >= position;
      return false;
    }
    const eventuallyPast = (event: Made) => vi.waitFor(async () => expect(await isPast(event)).toBe(true), LONG);

    /** The errors after which the follower began again. */
    const failures = () => log.warn.mock.calls.map(([{ err }]) => String(err));

    test('tells each of them, as if it had named them, and not the one who did it', async () => {
      await project();
      const [anna, ben, carl] = [idNumber(1), idNumber(2), idNumber(3)];
      for (const id of [anna, ben]) await register(id, 'security');
      await register(carl, 'member');
      await start();
      const { id } = await makeTask(ben);
      await eventually([anna]);
      const [event] = await requested();
      const data = { channel: 'in-app', kind: 'task_created', recipient: { userId: anna }, about: { stream: 'task-1', revision: 0 }, causedBy: ben };
      expect(event?.data).toEqual(data);
      expect(notificationContract.events.NotificationRequested.schema.parse(data)).toEqual(data);
      expect(event?.metadata).toMatchObject({ $causationId: id, actor: 'policy:guards', topics: [`notifications:${anna}`, `user:${anna}`] });
    });

    test('tells those who had it when it happened, whatever became of them since', async () => {
      await deployed();
      for (const id of ['had', 'lost before', 'deleted before', 'loses after', 'deleted after']) await register(id, 'security');
      for (const id of ['gets before', 'gets after']) await register(id, 'member');
      await changeRole('lost before', 0, 'member');
      await changeRole('gets before', 0, 'security');
      await remove('deleted before', 0);
      await makeTask();
      await changeRole('loses after', 0, 'member');
      await changeRole('gets after', 0, 'security');
      await remove('deleted after', 0);
      await register('new after', 'security');
      await project();
      await start();
      await eventually(['deleted after', 'gets before', 'had', 'loses after']);
    });

    describe('at a site', () => {
      const toRole =
        (role: SiteRole, kind: 'task_created' | 'task_assigned'): Policy['wants'] =>
        ({ type, stream, revision, metadata: { actor } }) =>
          type === 'TaskCreated' ? [toldAt('in-app', kind, { about: { stream, revision }, site: SITE, except: actor })(role) as WantedOfRole] : [];
      const security = toRole('security', 'task_created');
      const post = (id: string, revision: number, ...posts: Post[]) =>
        store.append(`user-${id}`, revision, [{ ...newEvent('UserPostsSet'), data: { posts } }]);
      const guard = (...sites: string[]): Post => ({ role: 'security', sites });

      test('tells who had it there, whatever became of them since', async () => {
        await deployed();
        for (const id of ['here', 'everywhere', 'elsewhere', 'moves before', 'moves after']) await register(id, 'member');
        for (const id of ['by account', 'bounded']) await register(id, 'security');
        await post('here', 0, guard(SITE));
        await post('everywhere', 0, guard());
        for (const id of ['elsewhere', 'bounded']) await post(id, 0, guard(ELSEWHERE));
        await post('moves before', 0, guard(SITE));
        await post('moves before', 1, guard(ELSEWHERE));
        await post('moves after', 0, guard(SITE));
        await makeTask();
        await post('moves after', 1, guard(ELSEWHERE));
        await post('elsewhere', 1, guard(SITE));
        await project();
        await start({ wants: security });
        await eventually(['by account', 'everywhere', 'here', 'moves after']);
      });

      test('tells the admins of then where nobody had it there, but not where the one who did it is all there is', async () => {
        await deployed();
        for (const id of ['chief', 'second', 'admin no more']) await register(id, 'admin');
        await register('guard', 'member');
        await post('guard', 0, guard(ELSEWHERE));
        await changeRole('admin no more', 0, 'member');
        const made = await makeTask('second');
        await changeRole('guard', 1, 'security');
        await project();
        const running = await start({ wants: security });
        await eventuallyPast(made);
        expect(await told()).toEqual(['chief']);
        await post('guard', 2, guard(SITE));
        const event = newEvent('TaskCreated');
        const { position } = await store.append('task-2', NO_STREAM, [{ ...event, metadata: { ...event.metadata, actor: 'guard' } }]);
        await eventuallyPast({ id: event.id, position });
        expect([await told(), running.parked()]).toEqual([['chief'], []]);
      });

      test('tells each person once, whatever else the event asks for: who is named first, then role by role', async () => {
        for (const id of ['both', 'guard', 'staff', 'named']) await register(id, 'member');
        await post('both', 0, guard(SITE), { role: 'staff', sites: [] });
        await post('guard', 0, guard(SITE));
        await post('staff', 0, { role: 'staff', sites: [SITE] });
        await post('named', 0, guard(SITE), { role: 'staff', sites: [SITE] });
        await project();
        await start({
          wants: (event, ...more) => [
            ...(event.type === 'TaskCreated'
              ? [toldTo('in-app', 'task_unassigned', { stream: event.stream, revision: event.revision })('named')]
              : []),
            ...security(event, ...more),
            ...toRole('staff', 'task_assigned')(event, ...more),
          ],
        });
        const made = await makeTask();
        await eventuallyPast(made);
        const kinds = (await requested()).map((one) => [recipientOf(one), (one.data as Wanted).kind]);
        expect(kinds.toSorted()).toEqual([
          ['both', 'task_created'],
          ['guard', 'task_created'],
          ['named', 'task_unassigned'],
          ['staff', 'task_assigned'],
        ]);
      });
    });

    test('waits at the event while the read model has not got there, and parks nothing for it', async () => {
      const running = await start();
      await register('anna', 'security');
      const made = await makeTask();
      await vi.waitFor(() => expect(failures()).toContain('HoldersUnknown: role_holders is not there yet'), LONG);
      expect([await told(), running.parked()]).toEqual([[], []]);
      expect(await isPast(made)).toBe(false);
      await project();
      await eventually(['anna']);
      await eventuallyPast(made);
    });

    test('tells everybody while streams of the read model wait for an operator: of these, by what can be folded of them', async () => {
      await project();
      for (const id of ['anna', 'loses it behind', 'well']) await register(id, 'security');
      await register('gets it behind', 'member');
      for (const id of ['anna', 'loses it behind', 'gets it behind']) await store.append(`user-${id}`, 0, [newEvent('UserCreated')]);
      await changeRole('loses it behind', 1, 'member');
      await changeRole('gets it behind', 1, 'security');
      const running = await start();
      const made = await makeTask();
      await eventually(['anna', 'gets it behind', 'well']);
      await eventuallyPast(made);
      expect((await opened.projecting.state(roleHolders.model))?.parked).toBe(3);
      expect(running.parked()).toEqual([]);
    });

    test('that was parked is released once the read model is there, and tells those of its time', async () => {
      await register('anna', 'security');
      let broken = true;
      const wants: Policy['wants'] = (...asked) => {
        if (broken) throw new Error('cannot decide');
        return guards.wants(...asked);
      };
      const running = await start({ wants });
      await makeTask();
      await vi.waitFor(() => expect(running.parked()).toHaveLength(1), LONG);
      await changeRole('anna', 0, 'member');
      await register('ben', 'security');
      broken = false;
      await expect(running.release('task-1', false)).rejects.toThrow('role_holders is not there yet');
      expect([await told(), running.parked().length]).toEqual([[], 1]);
      await project();
      await vi.waitFor(async () => expect(await running.release('task-1', false)).toBe(true), LONG);
      expect(await told()).toEqual(['anna']);
    });

    describe(`of ${people} people`, () => {
      const everybody = Array.from({ length: people }, (_, n) => idNumber(n));
      const pages = Math.ceil(people / 1_000);

      const watched = (made: Made, failAfter?: number) => watch({ store, readModels: opened.notifying }, made, failAfter);

      let projections: Projections;

      beforeEach(async () => {
        await deployed();
        await Promise.all(everybody.map((id) => register(id, 'security')));
        projections = await project();
      }, LONG);

      test('are recorded page by page, and the checkpoint last', async () => {
        const made = await makeTask();
        const { steps, context } = watched(made);
        await start({}, context);
        await eventuallyPast(made);
        expect(await told()).toEqual(everybody);
        const runs = steps.filter((step, n) => step !== steps[n - 1]);
        expect(runs.slice(runs.indexOf('page of 1000'))).toEqual([
          ...Array.from({ length: pages }, () => ['page of 1000', 'notification']).flat(),
          'checkpoint',
        ]);
        expect(steps.indexOf('page of 1000', steps.indexOf('notification')) - steps.indexOf('notification')).toBe(1_000);
      });

      test.each([1, 1_000, people - 1])('nobody is missing, and nobody told twice, where the process ends after %i of them', async (recorded) => {
        const made = await makeTask();
        const { context } = watched(made, recorded);
        const killed = await start({}, context);
        await vi.waitFor(async () => expect(await told()).toHaveLength(recorded), LONG);
        await killed.stop();
        expect(await isPast(made)).toBe(false);
        await start();
        await eventuallyPast(made);
        expect(await told()).toEqual(everybody);
      });

      test('a stop ends between two pages, and the next start records the rest', async () => {
        const made = await makeTask();
        const { context, steps } = watched(made);
        const { append } = context.store;
        let stopped: Promise<void> | undefined;
        const stopping: EventStore = {
          ...context.store,
          append: (...given) => {
            if (steps.includes('notification')) stopped ??= running.then(({ stop }) => stop());
            return append(...given);
          },
        };
        const running = start({}, { ...context, store: stopping });
        await vi.waitFor(() => expect(stopped).toBeDefined(), LONG);
        await stopped;
        expect(await told()).toHaveLength(1_000);
        expect(await isPast(made)).toBe(false);
        await start();
        await eventuallyPast(made);
        expect(await told()).toEqual(everybody);
      });

      test('and everybody is told once where a rebuild moves the pointer between two pages', async () => {
        const made = await makeTask();
        const { context } = watched(made);
        const { find } = context.readModels;
        let rebuilt = false;
        const moving: ReadModels = {
          ...context.readModels,
          find: async (...given) => {
            const isSecond = given[2].after !== undefined;
            if (isSecond && !rebuilt) {
              rebuilt = true;
              await projections.rebuild(roleHolders.model.name);
            }
            return find(...given);
          },
        };
        await start({}, { ...context, readModels: moving });
        await eventuallyPast(made);
        expect(rebuilt).toBe(true);
        expect(await told()).toEqual(everybody);
      });
    });
  });
}

/** Watches the steps of a policy from an event on, in order. `failAfter`: the number of notifications after which none can be recorded. */
function watch({ store, readModels }: Watched, { position }: Made, failAfter = Number.POSITIVE_INFINITY): { steps: string[]; context: Watched } {
  const steps: string[] = [];
  function notification(): void {
    if (steps.filter((step) => step === 'notification').length >= failAfter) throw new StoreUnavailable('away');
    steps.push('notification');
  }
  const append: EventStore['append'] = async (...given) => {
    const [stream, , events] = given;
    if (stream.startsWith('notification-')) notification();
    if (stream === CHECKPOINT && positionIn(events[0]) >= position) steps.push('checkpoint');
    return store.append(...given);
  };
  const find: ReadModels['find'] = (...given) => {
    steps.push(`page of ${given[2].limit}`);
    return readModels.find(...given);
  };
  return { steps, context: { store: { ...store, append }, readModels: { ...readModels, find } } };
}

/** The position in a checkpoint's event. */
function positionIn(moved: NewEvent | undefined): Position {
  return (moved?.data as { position: Position } | undefined)?.position ?? '';
}

function idNumber(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
}
