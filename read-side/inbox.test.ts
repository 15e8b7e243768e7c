import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { Caller, RouteRequest } from '../platform/http/route.ts';
import { eventId, stableId } from '../platform/stable-id.ts';
import { commandsOn } from '../system/commands.fixture.ts';
import { openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import { ALICE, type Ask, asking, BOB, RESIDENT } from './ask.fixture.ts';
import { type InboxItem, inboxItem } from './queries/inbox.ts';
import { readAll } from './read-all.ts';

let rig: Rig;
let projected: Projected;
let ask: Ask;
let commands: CommandHandler;
const LAMP = stableId('task', 'lamp');

beforeAll(async () => {
  rig = await openRig();
  projected = await rig.project();
  ask = asking({ ...rig, ...projected });
  commands = commandsOn(rig.store);
  await tell('RegisterUser', `user-${ALICE.id}`, { name: 'Alice', email: 'alice@example.org' });
  await tell('CreateTask', `task-${LAMP}`, { title: 'Lamp' }, { ...RESIDENT, seesAll: false });
});
afterAll(() => rig.close());

let sent = 0;
async function tell(type: string, stream: string, data: unknown = null, as: Caller = ALICE): Promise<string> {
  const [category = ''] = stream.split('-', 1);
  const id = stream.slice(category.length + 1);
  const commandId = stableId('command', String(sent++));
  const command = { type, stream, id, data, commandId, actor: as, now: new Date().toISOString() };
  return (await commands.handle(command, { correlationId: commandId })).position;
}

/** Puts something into an inbox; answers its id. */
async function put(
  kind: string,
  { to = ALICE, about = `task-${LAMP}`, ...more }: { to?: Caller; about?: string; content?: object } = {},
): Promise<string> {
  // Each in a millisecond of its own: the order is tested.
  for (const before = Date.now(); Date.now() === before; );
  const id = stableId('notification', String(sent++));
  const stream = `notification-${id}`;
  const metadata = { $correlationId: id, $causationId: id, commandId: id, actor: 'policy:test', schema: 1, topics: [] };
  const requested = { channel: 'in-app', kind, recipient: { userId: to.id }, about: { stream: about, revision: 0 }, ...more };
  await rig.store.append(stream, -1, [
    { id: eventId(id, stream, 0), type: 'NotificationRequested', data: requested, metadata },
    { id: eventId(id, stream, 1), type: 'NotificationSent', data: { attempt: 1 }, metadata },
  ]);
  return id;
}

const inbox = async (as: Caller, query = '') => (await ask(`/api/inbox${query}`, { as, headers: { 'read-after': await rig.store.head() } })).body;
const ids = (items: readonly InboxItem[]) => items.map(({ id }) => id);

function markAll(as: Caller, body: object = {}) {
  const request = { params: {}, query: {}, body, caller: as, header: () => undefined, ip: '', requestId: 'test' } satisfies RouteRequest;
  return readAll.answer({ ...rig, ...projected, commands }, request);
}

it('shows one’s own, newest first, with the titles of tasks as they are now, and counts what is not read', async () => {
  const first = await put('comment_added');
  const second = await put('message', { about: 'notification-x', content: { subject: 'Water', text: 'It is off at noon.' } });
  const others = await put('overdue', { to: BOB });
  await tell('EditTask', `task-${LAMP}`, { title: 'Both lamps' }, { ...ALICE, role: 'admin' });
  const { items, unread, next } = await inbox(ALICE);
  expect([ids(items), unread, next]).toEqual([[second, first], 2, undefined]);
  expect(items.map(({ createdAt: _, ...item }: InboxItem) => item)).toEqual([
    { id: second, kind: 'message', title: 'Water', text: 'It is off at noon.', link: '/', read: false },
    { id: first, kind: 'comment_added', title: 'Both lamps', text: 'There is a new comment.', link: `/#task=${LAMP}`, read: false },
  ]);
  for (const item of items) expect(inboxItem.parse(item)).toEqual(item);
  expect(ids((await inbox(BOB)).items)).toEqual([others]);
});

it('shows no title of a task that one may not see, or that is deleted', async () => {
  const limited = { ...BOB, id: stableId('limited'), seesAll: false };
  await put('status_changed', { to: limited });
  expect((await inbox(limited)).items).toMatchObject([{ title: 'A task', link: '/' }]);
  const gone = stableId('task', 'gone');
  await tell('CreateTask', `task-${gone}`, { title: 'Gone' });
  await tell('DeleteTask', `task-${gone}`);
  const reader = { ...BOB, id: stableId('reader') };
  await put('status_changed', { to: reader, about: `task-${gone}` });
  expect((await inbox(reader)).items).toMatchObject([{ title: 'A task', link: '/' }]);
});

it('says of each kind what it always said, word for word', async () => {
  const [told, assigned, gone] = ['told', 'assigned', 'gone'].map((name) => stableId('task', name)) as [string, string, string];
  const reader = { ...BOB, id: stableId('words') };
  await tell('RegisterUser', `user-${reader.id}`, { name: 'Reader', email: 'reader@example.org' });
  await tell('CreateTask', `task-${told}`, { title: 'Told' });
  await tell('CreateTask', `task-${assigned}`, { title: 'Assigned', userId: reader.id });
  const ofTasks = ['comment_added', 'due_soon', 'overdue', 'status_changed', 'task_assigned', 'task_created'];
  const ofOthers = ['confirm_registration', 'message', 'order_confirmed', 'order_rejected', 'user_created'];
  for (const kind of ofTasks) for (const id of [told, assigned, gone]) await put(kind, { to: reader, about: `task-${id}` });
  for (const kind of ofOthers) await put(kind, { to: reader, about: 'other-x' });
  await put('message', { to: reader, about: 'notification-x', content: { text: 'The lift is mended.' } });
  const { items } = await inbox(reader);
  const lines = (items as InboxItem[])
    .toReversed()
    .map(({ kind, title, text, link }) => [kind, title, text, link.replace(/[0-9a-f-]{36}/, '<id>')].join(' | '));
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('inbox.golden.txt');
});

it('goes on page by page, and tells read from unread', async () => {
  const reader = { ...BOB, id: stableId('pages') };
  const all: string[] = [];
  for (let n = 0; n < 5; n++) all.unshift(await put('comment_added', { to: reader }));
  await tell('ReadNotification', `notification-${all[1]}`, { read: true }, reader);
  await tell('ReadNotification', `notification-${all[2]}`, { read: true }, reader);
  await tell('ReadNotification', `notification-${all[2]}`, { read: false }, reader);
  const one = await inbox(reader, '?limit=3');
  const two = await inbox(reader, `?limit=3&cursor=${one.next}`);
  expect([...ids(one.items), ...ids(two.items)]).toEqual(all);
  expect([one.unread, two.unread, two.next]).toEqual([4, 4, undefined]);
  expect(one.items.map(({ read }: InboxItem) => read)).toEqual([false, true, false]);
  expect(ids((await inbox(reader, '?unread')).items)).toEqual(all.filter((_, n) => n !== 1));
});

it('is read all at once, up to a moment, and only by oneself', async () => {
  const reader = { ...BOB, id: stableId('read-all') };
  for (let n = 0; n < 40; n++) await put('comment_added', { to: reader });
  const before = (await inbox(reader, '?limit=1')).items[0].createdAt;
  const later = await put('overdue', { to: reader });
  const others = (await inbox(ALICE)).unread;
  expect(await inbox(reader)).toMatchObject({ unread: 41 });
  const answer = await markAll(reader, { before });
  expect(answer.body).toEqual({ marked: 40, more: false });
  const after = await ask('/api/inbox?unread', { as: reader, headers: { 'read-after': answer.headers?.Position ?? '' } });
  expect([ids(after.body.items), after.body.unread]).toEqual([[later], 1]);
  expect((await markAll(reader)).body).toEqual({ marked: 1, more: false });
  expect(await inbox(reader)).toMatchObject({ unread: 0 });
  expect((await markAll(reader)).body).toEqual({ marked: 0, more: false });
  expect((await inbox(ALICE)).unread).toBe(others);
});
