/** What a message tells is checked when it is sent: a table of all kinds, at the first attempt, and when a dead letter is tried again. */
import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import type { Channel } from '../contracts/notifications/kind.ts';
import { KINDS, kinds } from '../contracts/notifications/kinds.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { commandsOn } from '../system/commands.fixture.ts';
import { mailChannel, smsChannel } from './channels.ts';
import { deliverer } from './deliver.ts';
import { Refused } from './sending.ts';
import { ALICE, BEFORE, BOB, CAROL, type Happening, type Row, row, type Scenes } from './tellers/scenes.fixture.ts';

const TASK = exampleEvent('TaskCreated').stream;
const ID = '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a09';
const STREAM = `notification-${ID}`;

/** The scenes of all categories: what the fixtures beside the tellers export as `…Scenes`. */
async function allScenes(): Promise<Scenes<string>[]> {
  const folder = new URL('./tellers/', import.meta.url);
  const files = readdirSync(folder).filter((file) => /^(?!scenes).*\.fixture\.ts$/.test(file));
  const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  return modules.flatMap((module) => Object.entries(module).flatMap(([name, value]) => (name.endsWith('Scenes') ? [value as Scenes<string>] : [])));
}
const HOLD_A_CODE: readonly string[] = KINDS.filter((kind) => 'holdsCode' in kinds[kind]);
/** Kinds that no mail tells. */
const NO_MAIL: readonly string[] = KINDS.filter((kind) => !(kinds[kind].channels as readonly Channel[]).includes('email'));
const SCENES = await allScenes();
const scenesOf = (kind: string) => SCENES.find(({ rows }) => Object.hasOwn(rows, kind)) as Scenes<string>;

let store: EventStore;
let commands: CommandHandler;
let clock: number;
let sent: string[];

async function happen([stream, type, data]: Happening): Promise<void> {
  let revision = NO_STREAM;
  for await (const page of store.readStream(stream)) revision = page.at(-1)?.revision ?? revision;
  const { id: _, ...event } = exampleEvent(type);
  await store.append(stream, revision, [{ ...event, id: `${stream}@${revision + 1}`, data } as NewEvent]);
}

/** Alice, Bob and Carol register, and what the kind is about is made. */
async function begin(kind: string): Promise<void> {
  for (const [id, name] of [
    [ALICE, 'Alice'],
    [BOB, 'Bob'],
    [CAROL, 'Carol'],
  ] as const)
    await happen([`user-${id}`, 'UserCreated', { name, email: `${name.toLowerCase()}@example.org`, role: 'member' }]);
  for (const happening of scenesOf(kind).begin(kind)) await happen(happening);
}

async function ask(kind: string, channel: Channel, to: string): Promise<void> {
  const { toUser, ...request } = scenesOf(kind).request(to);
  const address = channel === 'sms' ? { phone: '+4915112345678' } : { address: 'ann@example.org' };
  const recipient = toUser && channel === 'email' ? { userId: to } : address;
  await happen([STREAM, 'NotificationRequested', { channel, kind, recipient, ...request }]);
}

/** Has a worker take the notification once. `refused`: the other side refuses it for good. */
async function work(channel: 'email' | 'sms', { visibility }: Row, refused = false): Promise<void> {
  const send = async ({ text }: { text: string }) => {
    if (refused) throw new Refused('550 no such mailbox');
    sent.push(text);
    return {};
  };
  const close = async () => {};
  const now = () => new Date(clock);
  const context = {
    store,
    commands,
    issueCode: async () => 'c0de',
    publicUrl: () => 'https://tasks.example.org',
    site: 'The House',
    seesAll: (role: string) => !visibility && role !== 'resident',
    now,
  };
  const made = channel === 'email' ? mailChannel({ send, close }, context) : smsChannel({ send, close }, context, () => null);
  const log = { warn: () => {} };
  await deliverer({ store, commands, channel: made, hold: false, worker: 'a', attempts: 5, log, now })({ stream: STREAM }).catch(() => {});
}

async function retry(recipient?: string): Promise<void> {
  const actor = { id: ALICE, role: 'admin', seesAll: true } as const;
  const data = recipient === undefined ? {} : { recipient };
  const command = { type: 'RetryNotification', stream: STREAM, id: ID, data, commandId: 'again', actor, now: new Date(clock).toISOString() };
  await commands.handle(command, { correlationId: 'again' });
}

async function last(): Promise<Pick<RecordedEvent, 'type' | 'data'>> {
  let event: RecordedEvent | undefined;
  for await (const page of store.readStream(STREAM)) event = page.at(-1) ?? event;
  const { type, data } = event as RecordedEvent;
  return { type, data };
}

async function expectOutcome({ reason }: Row): Promise<void> {
  if (reason === null) expect([(await last()).type, sent.length]).toEqual(['NotificationSent', 1]);
  else expect([await last(), sent]).toEqual([{ type: 'NotificationCancelled', data: { reason } }, []]);
}

const words = ({ after, reason, to, visibility, now }: Row) =>
  [
    reason === null ? 'sent' : `not sent: ${reason}`,
    `after ${after.map(([, type]) => type).join(', ') || 'nothing'}`,
    to === ALICE ? 'to the maker' : '',
    visibility ?? '',
    now ?? '',
  ]
    .filter(Boolean)
    .join(', ');
const TABLE = SCENES.flatMap(({ rows }) =>
  Object.entries(rows).flatMap(([kind, all]) => all.map((one) => [`${kind}: ${words(one)}`, kind, one] as const)),
);

it('every kind has rows', () => {
  expect(TABLE.map(([, kind]) => kind)).toEqual(expect.arrayContaining(KINDS));
});

beforeEach(() => {
  store = inMemoryStore();
  commands = commandsOn(store);
  sent = [];
});

describe.each(TABLE)('%s', (_, kind, one) => {
  const { before = [], after, to = BOB, now = BEFORE } = one;
  async function meanwhile(): Promise<void> {
    for (const happening of after) await happen(happening);
    clock = Date.parse(now);
  }
  beforeEach(async () => {
    clock = Date.parse(BEFORE);
    await begin(kind);
    for (const happening of before) await happen(happening);
  });

  it.skipIf(NO_MAIL.includes(kind))('by mail', async () => {
    await ask(kind, 'email', to);
    await meanwhile();
    await work('email', one);
    await expectOutcome(one);
  });

  it.skipIf(NO_MAIL.includes(kind))('by mail, as a dead letter that is tried again', async () => {
    await ask(kind, 'email', to);
    await work('email', one, true);
    expect((await last()).type).toBe('NotificationFailed');
    await meanwhile();
    await retry();
    await work('email', one);
    await expectOutcome(one);
  });

  it.skipIf(HOLD_A_CODE.includes(kind))('by mail, to an address that an operator corrected', async () => {
    await ask(kind, 'email', to);
    await work('email', one, true);
    await meanwhile();
    await retry('right@example.org');
    await work('email', one);
    await expectOutcome(one);
  });

  // An SMS goes to a number, which is no user: only what its thing is now can be looked at.
  it.skipIf(/recipient/.test(one.reason ?? '') || (HOLD_A_CODE.includes(kind) && !NO_MAIL.includes(kind)))('by SMS', async () => {
    await ask(kind, 'sms', to);
    await meanwhile();
    await work('sms', one);
    await expectOutcome(one);
  });
});

it('what a store does not have any more is not told, and neither is what this release does not wholly know', async () => {
  const nowhere = row(null);
  clock = Date.parse(BEFORE);
  await happen([`user-${BOB}`, 'UserCreated', { name: 'Bob', email: 'bob@example.org', role: 'member' }]);
  await ask('overdue', 'email', BOB);
  await work('email', nowhere);
  expect([await last(), sent]).toEqual([{ type: 'NotificationCancelled', data: { reason: 'the task is not there any more' } }, []]);
});

it('a task with an event of a newer release is told once this release knows it', async () => {
  clock = Date.parse(BEFORE);
  await begin('overdue');
  await ask('overdue', 'email', BOB);
  const { id: _, ...event } = exampleEvent('TaskDeleted');
  await store.append(TASK, 1, [{ ...event, type: 'TaskHidden', id: 'newer' } as NewEvent]);
  await work('email', row(null));
  expect([(await last()).type, sent]).toEqual(['NotificationRequested', []]);
});
