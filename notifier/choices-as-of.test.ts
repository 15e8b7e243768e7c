import { expect, it } from 'vitest';
import { exampleEvent, UnknownEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../contracts/message.ts';
import type { Choices } from '../contracts/notification-choices.ts';
import type { TaskParties } from '../contracts/task.ts';
import { BeginningGone } from '../platform/event-store/beginning.ts';
import { inMemoryStore, logOf } from '../platform/event-store/in-memory.fixture.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { channelsAsOf } from './choices-as-of.ts';
import { openRecording } from './recording.ts';
import { told, type Wanted } from './wanted.ts';

const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const store = () => {
  const events = inMemoryStore();
  let revision = NO_STREAM;
  const happen = async (type: string, data: unknown) => {
    const { id: _, ...event } = exampleEvent(type);
    const { position } = await events.append(`user-${BOB}`, revision, [{ ...event, id: stableId(String(revision)), data } as NewEvent]);
    revision++;
    return position;
  };
  return {
    events,
    changeRole: (to: string) => happen('UserRoleChanged', { from: 'member', to }),
    leave: () => happen('UserDeleted', {}),
    choose: (choices: Choices) => happen('NotificationsChosen', { choices }),
    register: (role = 'member') => happen('UserCreated', { name: 'Bob', email: 'bob@example.org', role }),
  };
};

it('invariant 17: nobody is told as a user whose events are not all known, or not all there, may have chosen', async () => {
  const { events, register, choose } = store();
  await register();
  const at = await choose({ overdue: ['email'] });
  const cut: typeof events = {
    ...events,
    readStream: (stream, options = {}) => events.readStream(stream, { ...options, from: Math.max(options.from ?? 0, 1) }),
  };
  await expect(channelsAsOf(cut).of(BOB, 'overdue', at)).rejects.toThrow(BeginningGone);
  const { id: _, ...event } = exampleEvent('NotificationsChosen');
  const { position } = await events.append(`user-${BOB}`, 1, [{ ...event, id: stableId('newer'), metadata: { ...event.metadata, schema: 99 } }]);
  for (let times = 0; times < 2; times++) await expect(channelsAsOf(events).roleOf(BOB, position)).rejects.toThrow(UnknownEvent);
  expect(await channelsAsOf(events).of(BOB, 'overdue', at)).toEqual(['email']);
});

it('who was truncated past the event is not told by defaults; who was deleted by then is told nothing, whatever is gone before that', async () => {
  const { events, register, choose, leave } = store();
  await register();
  const at = await choose({ overdue: [] });
  await choose({ overdue: ['email'] });
  const deleted = await leave();
  const cutFrom = (from: number): typeof events => ({
    ...events,
    readStream: (stream, options = {}) => events.readStream(stream, { ...options, from: Math.max(options.from ?? 0, from) }),
  });
  await expect(channelsAsOf(cutFrom(2)).of(BOB, 'overdue', at)).rejects.toThrow(BeginningGone);
  await expect(channelsAsOf(cutFrom(2)).roleOf(BOB, at)).rejects.toThrow(BeginningGone);
  expect(await channelsAsOf(cutFrom(3)).of(BOB, 'overdue', deleted)).toEqual([]);
  expect(await channelsAsOf(cutFrom(2)).roleOf(BOB, deleted)).toBeNull();
});

it('the channels are those that were chosen right after the event, however late and in whatever order that is asked', async () => {
  const { events, choose, register } = store();
  const at = [await register(), await choose({ overdue: [] }), await choose({ overdue: ['in-app'], due_soon: ['email'] })] as const;
  const channels = channelsAsOf(events);
  const asked = [2, 0, 1, 2, 1, 0] as const;
  const answers = await Promise.all(asked.map((n) => channels.of(BOB, 'overdue', at[n])));
  const then = [undefined, [], ['in-app']];
  expect(answers).toEqual(asked.map((n) => then[n]));
});

it('who has chosen nothing is told as the role is, and SMS needs a confirmed number', async () => {
  const { events, choose, register } = store();
  const before = await register('resident');
  const after = await choose({ status_changed: ['sms', 'in-app'] });
  const channels = channelsAsOf(events);
  expect(await channels.of(BOB, 'status_changed', before)).toEqual(['email', 'in-app']);
  expect(await channels.of(BOB, 'status_changed', after)).toEqual(['in-app']);
  expect(await channels.of(BOB, 'comment_added', after)).toBeUndefined();
});

it('who was deleted is told nothing that could be turned off; what was asked for before that was', async () => {
  const { events, choose, register, leave } = store();
  await register();
  const before = await choose({ overdue: ['email'] });
  const after = await leave();
  const channels = channelsAsOf(events);
  expect(await channels.of(BOB, 'overdue', after)).toEqual([]);
  expect(await channels.of(BOB, 'task_unassigned', after)).toEqual([]);
  expect(await channels.of(BOB, 'overdue', before)).toEqual(['email']);
});

it('a policy’s wish is recorded on the chosen channels, each once, and what cannot be turned off as it was wished', async () => {
  const { events, choose, register } = store();
  await register();
  await choose({ task_created: ['email'], comment_added: ['email', 'in-app'], overdue: [] });
  const record = openRecording('task_mail', {
    store: events,
    readModels: {} as ReadModels,
    seesAll: () => true,
    signal: new AbortController().signal,
  });
  const { position } = await events.append('task-1', NO_STREAM, [{ ...exampleEvent('TaskCreated'), id: stableId('task') }]);
  const about = { stream: 'task-1', revision: 0 };
  const event = { ...exampleEvent('TaskCreated'), stream: 'task-1', position };
  const wishes = [told('email', 'task_created', about), told('in-app', 'task_created', about), told('in-app', 'comment_added', about)].map((ask) =>
    ask(BOB),
  );
  await record(event, [...wishes, told('email', 'overdue', about)(BOB), told('email', 'password_changed', about)(BOB)]);
  const requested = (await logOf(events))
    .filter(({ type }) => type === 'NotificationRequested')
    .map(({ data }) => data as { kind: string; channel: string });
  expect(requested.map(({ kind, channel }) => `${kind} ${channel}`).sort()).toEqual([
    'comment_added email',
    'comment_added in-app',
    'password_changed email',
    'task_created email',
  ]);
});

it('what happens on a task is told to who could read it right after, on no channel to anybody else, and a change of hands to who had it before, too', async () => {
  const { events, choose, register, changeRole, leave } = store();
  const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
  const at = {
    member: await register(),
    choosing: await choose({ comment_added: ['email', 'in-app'] }),
    resident: await changeRole('resident'),
    deleted: await leave(),
  };
  const others = { maker: ALICE, assignee: null };
  const about = { stream: 'task-1', revision: 0 };
  let times = 0;
  async function toldBob(position: string, task: TaskParties | undefined, ask: (userId: string) => Wanted = told('in-app', 'comment_added', about)) {
    const seesAll = (role: string) => role !== 'resident';
    const record = openRecording('task_mail', { store: events, readModels: {} as ReadModels, signal: new AbortController().signal, seesAll });
    const before = (await logOf(events)).length;
    await record({ ...exampleEvent('TaskCommented'), id: stableId(String(times++)), stream: 'task-1', position }, [ask(BOB)], task);
    return (await logOf(events))
      .slice(before)
      .flatMap(({ type, data }) => (type === 'NotificationRequested' ? [(data as { channel: string }).channel] : []));
  }
  expect(await toldBob(at.member, others)).toEqual(['in-app']);
  expect(await toldBob(at.choosing, others)).toEqual(['email', 'in-app']);
  expect(await toldBob(at.resident, others)).toEqual([]);
  expect(await toldBob(at.resident, others, told('in-app', 'overdue', about))).toEqual([]);
  expect(await toldBob(at.resident, { maker: ALICE, assignee: BOB })).toEqual(['email', 'in-app']);
  expect(await toldBob(at.resident, { maker: BOB, assignee: null })).toEqual(['email', 'in-app']);
  expect(await toldBob(at.resident, others, told('in-app', 'task_assigned', about))).toEqual(['in-app']);
  expect(await toldBob(at.resident, undefined)).toEqual(['email', 'in-app']);
  expect(await toldBob(at.deleted, { maker: BOB, assignee: null })).toEqual([]);
  expect(await toldBob(at.choosing, others)).toEqual(['email', 'in-app']);
});
