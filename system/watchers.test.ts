/** Who watches a task is told of it, by mail and in the inbox: what they chose, as long as they watch and may read. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { inboxOf } from './inbox.suite.ts';
import { type Receivers, startReceivers } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let receivers: Receivers;
let system: Installation;
let maker: User;
let watcher: User;
/** Watches everything, so that what they are told shows how far the notifier has come. */
let witness: User;
beforeAll(async () => {
  receivers = await startReceivers();
  system = await openInstallation({ ...receivers.env, PUBLIC_URL: 'https://tasks.example.org' });
  [maker, watcher, witness] = await Promise.all([system.register('Maker'), system.register('Watcher'), system.register('Witness')]);
  for (const { id } of [maker, watcher, witness]) await system.admin.ok(`POST /api/users/${id}/confirm`);
  for (const one of [maker, watcher]) await one.ok('PUT /api/me/notifications', { comment_added: ['email', 'in-app'], status_changed: ['email'] });
}, 240_000);
afterAll(async () => {
  await system?.remove();
  await receivers?.stop();
});

const headOf = (raw: string) => (raw.split('\r\n\r\n')[0] ?? '').replaceAll(/\r\n[ \t]+/g, ' ');
const mails = (user: User, subject: string) =>
  receivers.mail.taken.filter(({ to }) => to === user.email).filter(({ raw }) => headOf(raw).includes(`\r\nSubject: ${subject}\r\n`));
const mailed = (user: User, subject: string, times = 1) => expect.poll(() => mails(user, subject).length, { timeout: 60_000 }).toBe(times);

/** The kinds of the items of an inbox that are about a task, the latest first. */
const kindsInInbox = async (user: User, title: string) => (await inboxOf(user)).items.filter((item) => item.title === title).map(({ kind }) => kind);

/** Waits until an inbox holds items of these kinds about a task, and no others. */
const inInbox = (user: User, title: string, kinds: readonly string[]) =>
  expect.poll(() => kindsInInbox(user, title), { timeout: 60_000 }).toEqual(kinds);

/** A new task of the maker's, which the witness watches. */
async function taskOf(title: string): Promise<string> {
  const { body } = await maker.ok('POST /api/tasks', { title });
  await witness.ok(`PUT /api/tasks/${body.id}/watchers/me`);
  return body.id;
}
const watch = (user: User, id: string) => user.ok(`PUT /api/tasks/${id}/watchers/me`);
const unwatch = (user: User, id: string) => user.ok(`DELETE /api/tasks/${id}/watchers/me`);
const seen = async (user: User, id: string, after: string) => (await user.ok(`GET /api/tasks/${id}`, undefined, { 'read-after': after })).body;

/** Somebody comments, and the notifier has come so far: the witness has it in the inbox. */
async function comment(by: User, id: string, title: string): Promise<void> {
  const before = (await kindsInInbox(witness, title)).length;
  await by.ok(`POST /api/tasks/${id}/comments`, { text: 'What nobody else is to read' });
  await vi.waitFor(async () => expect(await kindsInInbox(witness, title)).toHaveLength(before + 1), { timeout: 60_000 });
}

describe('a watcher', () => {
  const title = 'Paint the hall';
  let id: string;
  beforeAll(async () => {
    id = await taskOf(title);
  }, 60_000);

  it('is so by one command, however often it is sent, under the task’s own revision', async () => {
    const first = await watch(watcher, id);
    expect(first.body).toMatchObject({ id, revision: 2 });
    expect(first.headers.get('etag')).toBe('"2"');
    expect((await watch(watcher, id)).headers.get('etag')).toBe('"2"');
    expect((await watcher.call(`PUT /api/tasks/${id}/watchers/me`, undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect(await seen(watcher, id, first.headers.get('position') ?? '')).toMatchObject({ watching: true, watchers: 3, revision: 2 });
  }, 60_000);

  it('sees what they did in every list that is asked to be as new, also where it changed nothing', async () => {
    const { body } = await maker.ok('POST /api/tasks', { title: 'Sweep the yard' });
    for (const method of ['PUT', 'PUT', 'DELETE', 'DELETE']) {
      const { headers } = await watcher.ok(`${method} /api/tasks/${body.id}/watchers/me`);
      for (const list of ['tasks', `tasks/${body.id}`, `tasks/${body.id}/history`, 'inbox', 'dashboard', 'users', 'orders', 'notifications'])
        await watcher.ok(`GET /api/${list}`, undefined, { 'read-after': headers.get('position') ?? '' });
    }
  }, 60_000);

  it('is mailed a comment and a change of status, once each, with a link that ends such mails, and not what they do', async () => {
    await comment(maker, id, title);
    await maker.ok(`PUT /api/tasks/${id}/status`, { status: 'in-progress' });
    await mailed(watcher, `Comment: ${title}`);
    await mailed(watcher, `Moved: ${title}`);
    for (const subject of [`Comment: ${title}`, `Moved: ${title}`]) {
      const head = headOf(mails(watcher, subject)[0]?.raw ?? '');
      expect(head).toContain('\r\nList-Unsubscribe: <https://tasks.example.org/');
      expect(head).toContain('\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click');
    }
    await comment(watcher, id, title);
    await mailed(maker, `Comment: ${title}`);
    expect([mails(maker, `Moved: ${title}`), mails(watcher, `Comment: ${title}`)].map((some) => some.length)).toEqual([0, 1]);
    await inInbox(watcher, title, ['comment_added']);
  }, 240_000);

  it('is told on the channels that are left after the link of a mail was followed', async () => {
    const [, link = ''] = /\r\nList-Unsubscribe: <([^>]+)>/.exec(headOf(mails(watcher, `Comment: ${title}`)[0]?.raw ?? '')) ?? [];
    const { pathname, search } = new URL(link.replaceAll(' ', ''));
    const answer = await fetch(`${system.url()}${pathname}${search}`, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    expect(answer.status).toBeLessThan(300);
    await comment(maker, id, title);
    await inInbox(watcher, title, ['comment_added', 'comment_added']);
    await maker.ok(`PUT /api/tasks/${id}/status`, { status: 'done' });
    await mailed(watcher, `Moved: ${title}`, 2);
    expect(mails(watcher, `Comment: ${title}`)).toHaveLength(1);
  }, 240_000);

  it('is told nothing any more after the one command that ends it, however often it is sent', async () => {
    const last = await unwatch(watcher, id);
    expect((await unwatch(watcher, id)).headers.get('etag')).toBe(last.headers.get('etag'));
    expect(await seen(watcher, id, last.headers.get('position') ?? '')).toMatchObject({ watching: false, watchers: 2 });
    await maker.ok(`PUT /api/tasks/${id}/status`, { status: 'open' });
    await comment(maker, id, title);
    await inInbox(watcher, title, ['comment_added', 'comment_added']);
    await watch(watcher, id);
    await maker.ok(`PUT /api/tasks/${id}/status`, { status: 'cancelled' });
    await mailed(watcher, `Moved: ${title}`, 3);
  }, 240_000);
});

it('maker and assignee watch by themselves, once each, until they say no; an assignee again when the task is given to them anew', async () => {
  const title = 'Mend the gutter';
  const id = await taskOf(title);
  const give = (userId: string | null) => maker.ok(`PUT /api/tasks/${id}/assignee`, { userId });
  const comments = async (user: User) => (await kindsInInbox(user, title)).filter((kind) => kind === 'comment_added').length;
  const heard = (user: User, times: number) => expect.poll(() => comments(user), { timeout: 60_000 }).toBe(times);
  await watch(watcher, id);
  await give(watcher.id);
  await comment(maker, id, title);
  await heard(watcher, 1);
  await unwatch(watcher, id);
  await comment(maker, id, title);
  await heard(watcher, 1);
  await give(null);
  await give(watcher.id);
  await comment(maker, id, title);
  await heard(watcher, 2);
  await comment(watcher, id, title);
  await heard(maker, 1);
  await unwatch(maker, id);
  await comment(watcher, id, title);
  await heard(maker, 1);
}, 240_000);

it('who may not read a task any more is told nothing of it on any channel, and cannot watch it; who may again is told again', async () => {
  const title = 'Count the silver';
  const id = await taskOf(title);
  await watcher.ok('PUT /api/me/notifications', { comment_added: ['email', 'in-app'] });
  await watch(watcher, id);
  await system.admin.ok(`PUT /api/users/${watcher.id}/role`, { role: 'resident' });
  await comment(maker, id, title);
  for (const method of ['PUT', 'DELETE']) {
    await vi.waitFor(async () => expect((await watcher.call(`${method} /api/tasks/${id}/watchers/me`)).status).toBe(404), { timeout: 60_000 });
  }
  await system.admin.ok(`PUT /api/users/${watcher.id}/role`, { role: 'member' });
  await comment(maker, id, title);
  await mailed(watcher, `Comment: ${title}`);
  await inInbox(watcher, title, ['comment_added']);
  expect(receivers.mail.taken.filter(({ to, raw }) => to === watcher.email && headOf(raw).includes(title))).toHaveLength(1);
}, 240_000);
