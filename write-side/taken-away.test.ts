/** Commands on streams that an operator of EventStoreDB deleted or truncated. */
import { createHmac, randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../contracts/message.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { type Rig, startRig } from '../platform/event-store/double/rig.fixture.ts';
import { all } from '../platform/event-store/event-store.suite.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { newEvent } from '../platform/event-store/in-memory.fixture.ts';
import type { TaskState } from './deciders/task.ts';
import { commandHandler, type OpenCommandHandler } from './handle-command.ts';
import { ADMIN, NOW } from './spec.fixture.ts';

let rig: Rig;
let store: EventStore;
let operator: EventStoreDBClient;
let warm: OpenCommandHandler;

const hmac = (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
const handler = () => commandHandler({ store, hmac, log: { warn: () => {} } });

beforeEach(async () => {
  rig = await startRig();
  store = await rig.open();
  operator = EventStoreDBClient.connectionString(rig.double.url);
  warm = handler();
});
afterEach(async () => {
  await operator.dispose();
  await rig.end();
});

async function send(to: CommandHandler, type: string, stream: string, data: unknown): Promise<unknown> {
  const commandId = randomUUID();
  const id = stream.slice(stream.indexOf('-') + 1);
  try {
    return await to.handle({ type, stream, id, data, commandId, actor: ADMIN, now: NOW }, { correlationId: commandId });
  } catch (error) {
    return { status: (error as { status?: number }).status, detail: (error as Error).message };
  }
}

const task = () => `task-${randomUUID()}`;
const user = () => `user-${randomUUID()}`;
const ANNA = { name: 'Anna', email: 'anna@example.org' };
const reservation = `_email-${hmac('email:anna@example.org')}`;

/** A task with four events. */
async function aTask(): Promise<string> {
  const stream = task();
  await send(warm, 'CreateTask', stream, { title: 'Lamp' });
  for (const title of ['Lamp 1', 'Lamp 2', 'Lamp 3']) await send(warm, 'EditTask', stream, { title });
  return stream;
}

async function registered(email = ANNA.email): Promise<string> {
  const stream = user();
  expect(await send(warm, 'RegisterUser', stream, { ...ANNA, email })).toMatchObject({ changed: true });
  return stream;
}

/** The answers of a process that knew the stream, and of one that did not. */
async function answers(type: string, stream: string, data: unknown): Promise<unknown[]> {
  return [await send(warm, type, stream, data), await send(handler(), type, stream, data)];
}

describe('a task whose stream was deleted softly', () => {
  it('is not there, for a process that knew it, too', async () => {
    const stream = await aTask();
    await operator.deleteStream(stream);
    const refused = { status: 404 };
    expect(await answers('EditTask', stream, { title: 'No lamp' })).toEqual([expect.objectContaining(refused), expect.objectContaining(refused)]);
    expect(await all(store.readStream(stream))).toEqual([]);
  });

  it('may be made again, and is then a new one', async () => {
    const stream = await aTask();
    await operator.deleteStream(stream);
    expect(await send(warm, 'CreateTask', stream, { title: 'New lamp' })).toMatchObject({ revision: 4, changed: true });
    for (const it of [warm, handler()]) expect((await it.load<TaskState>(stream)).state).toMatchObject({ title: 'New lamp' });
    expect(await answers('EditTask', stream, { title: 'Lamp 5' })).toMatchObject([{ revision: 5 }, { revision: 5, changed: false }]);
  });
});

describe('a task whose stream has a tombstone', () => {
  it('is gone for good: 410, whatever is commanded', async () => {
    const stream = await aTask();
    await operator.tombstoneStream(stream);
    const refused = { status: 410, detail: expect.stringContaining('deleted this for good') };
    expect(await answers('EditTask', stream, { title: 'No lamp' })).toEqual([refused, refused]);
    expect(await answers('CreateTask', stream, { title: 'New lamp' })).toEqual([refused, refused]);
  });

  it('that nobody here knew is gone as well when the append finds out', async () => {
    const stream = await aTask();
    const blind = { ...store, readStream: (name: string, options = {}) => store.readStream(name, { ...options, tellGone: false }) };
    const it = commandHandler({ store: blind, hmac, log: { warn: () => {} } });
    await operator.tombstoneStream(stream);
    expect(await send(it, 'CreateTask', stream, { title: 'New lamp' })).toMatchObject({ status: 410 });
  });
});

describe('a truncated task', () => {
  const refused = { status: 410, detail: expect.stringContaining('was truncated') };

  it('is not decided on without its beginning, wherever it begins', async () => {
    for (const truncateBefore of [1, 3, 4, 9]) {
      const stream = await aTask();
      await operator.setStreamMetadata(stream, { truncateBefore });
      expect(await send(handler(), 'EditTask', stream, { title: 'No lamp' })).toEqual(refused);
      expect((await handler().load<TaskState>(stream)).state.title).toBe('');
    }
  });

  it('is decided on where its state is known whole, and again after the operator took it back', async () => {
    const stream = await aTask();
    await operator.setStreamMetadata(stream, { truncateBefore: 2 });
    expect(await send(warm, 'EditTask', stream, { title: 'Lamp 4' })).toMatchObject({ revision: 4, changed: true });
    const cold = handler();
    expect(await send(cold, 'EditTask', stream, { title: 'Lamp 5' })).toEqual(refused);
    await operator.setStreamMetadata(stream, { truncateBefore: 0 });
    expect(await send(cold, 'EditTask', stream, { title: 'Lamp 5' })).toMatchObject({ revision: 5 });
    await send(cold, 'EditTask', stream, { title: 'Lamp 6' });
    await operator.setStreamMetadata(stream, { truncateBefore: 6 });
    // This process knows it up to revision 4 alone.
    expect(await send(warm, 'EditTask', stream, { title: 'Lamp 7' })).toEqual(refused);
  });

  it('is decided on by its snapshot, where nothing behind that is gone', async () => {
    const stream = await aTask();
    for (let n = 4; n < 320; n++) await send(warm, 'EditTask', stream, { title: `Lamp ${n}` });
    await warm.settle();
    await operator.setStreamMetadata(stream, { truncateBefore: 240 });
    expect((await handler().load<TaskState>(stream)).state).toMatchObject({ title: 'Lamp 319' });
    expect(await send(handler(), 'EditTask', stream, { title: 'New lamp' })).toMatchObject({ revision: 320 });
    await operator.setStreamMetadata(stream, { truncateBefore: 300 });
    expect(await send(handler(), 'EditTask', stream, { title: 'Old lamp' })).toEqual(refused);
  });

  it('as a fact that a decision needs refuses it, too', async () => {
    const [stream, anna] = [await aTask(), await registered()];
    await send(warm, 'EditUser', anna, { name: 'Anne' });
    await operator.setStreamMetadata(anna, { truncateBefore: 1 });
    expect(await send(handler(), 'AssignTask', stream, { userId: anna.slice(5) })).toEqual(refused);
  });
});

describe('the address of a user', () => {
  const refused = { status: 409, detail: expect.stringContaining('in use') };

  it('whose stream was deleted, softly or for good, can be registered again', async () => {
    const [first, second, third] = [await registered(), user(), user()];
    await operator.tombstoneStream(first);
    expect(await send(warm, 'RegisterUser', second, ANNA)).toMatchObject({ changed: true });
    expect(await warm.holder({ kind: 'email', value: ANNA.email })).toBe(second.slice(5));
    await operator.deleteStream(second);
    expect(await send(warm, 'RegisterUser', third, ANNA)).toMatchObject({ changed: true });
    expect(await handler().holder({ kind: 'email', value: ANNA.email })).toBe(third.slice(5));
    expect(await send(handler(), 'RegisterUser', user(), ANNA)).toEqual(refused);
  });

  it('whose stream was truncated stays theirs', async () => {
    const first = await registered();
    await send(warm, 'EditUser', first, { name: 'Anne' });
    for (const truncateBefore of [1, 2]) {
      await operator.setStreamMetadata(first, { truncateBefore });
      expect(await send(handler(), 'RegisterUser', user(), ANNA)).toEqual(refused);
    }
  });

  it('whose reservation was deleted or truncated is not registered twice, and the first one is found by it again', async () => {
    const ways = [
      () => operator.deleteStream(reservation),
      () => operator.setStreamMetadata(reservation, { truncateBefore: 1 }),
      () => operator.setStreamMetadata(reservation, { truncateBefore: 50 }),
    ];
    const first = await registered();
    for (const takeAway of ways) {
      await takeAway();
      for (const it of [warm, handler()]) expect(await send(it, 'RegisterUser', user(), ANNA)).toEqual(refused);
      expect(await warm.holder({ kind: 'email', value: ANNA.email })).toBe(first.slice(5));
      await send(warm, 'EditUser', first, { email: 'anne@example.org' });
      await send(warm, 'EditUser', first, { email: ANNA.email });
    }
  });

  it('is not free because the process that took it died before it looked who else holds it', async () => {
    await registered();
    await operator.deleteStream(reservation);
    let appends = 0;
    const dying = {
      ...store,
      append: (...its: Parameters<EventStore['append']>) => (appends++ > 0 ? Promise.reject(new Error('dead')) : store.append(...its)),
    };
    const second = user();
    await send(commandHandler({ store: dying, hmac, log: { warn: () => {} } }), 'RegisterUser', second, ANNA);
    expect(await send(warm, 'RegisterUser', second, ANNA)).toEqual(refused);
  });

  it('that nobody holds is registered, although its reservation was deleted', async () => {
    const first = await registered();
    await send(warm, 'DeleteUser', first, null);
    await operator.deleteStream(reservation);
    expect(await send(warm, 'RegisterUser', user(), ANNA)).toMatchObject({ changed: true });
    expect(await send(warm, 'RegisterUser', user(), ANNA)).toEqual(refused);
  });

  it('whose reservation was deleted for good is refused clearly', async () => {
    await registered();
    await operator.tombstoneStream(reservation);
    expect(await send(warm, 'RegisterUser', user(), ANNA)).toMatchObject({ status: 410 });
  });
});

describe.each([
  ['a file', 'media', ['MediaReceived', 'MediaProcessing'], 'DeleteMedia'],
  ['an invitation', 'invitation', ['InvitationMade', 'InvitationSentAgain'], 'WithdrawInvitation'],
] as const)('%s whose stream was taken away', (_, category, types, command) => {
  let stream: string;
  beforeEach(async () => {
    stream = `${category}-${randomUUID()}`;
    await store.append(stream, NO_STREAM, types.map(newEvent));
    await warm.load(stream);
  });

  it('softly, is not there', async () => {
    await operator.deleteStream(stream);
    expect(await answers(command, stream, undefined)).toMatchObject([{ status: 404 }, { status: 404 }]);
  });

  it('for good, is gone: 410', async () => {
    await operator.tombstoneStream(stream);
    const refused = { status: 410, detail: expect.stringContaining('deleted this for good') };
    expect(await answers(command, stream, undefined)).toEqual([refused, refused]);
  });

  it('at its beginning, is not decided on without that', async () => {
    await operator.setStreamMetadata(stream, { truncateBefore: 1 });
    expect(await send(handler(), command, stream, undefined)).toEqual({ status: 410, detail: expect.stringContaining('was truncated') });
  });
});
