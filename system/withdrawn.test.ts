/** A mail that comes late tells its recipient nothing that they may not read by then. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { deadLettersOf, listedDead } from './dead-letters.fixture.ts';
import { notificationsOf } from './mails.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let mail: MailServer;
let system: Installation;
let answer: 'take' | number = 'take';
beforeAll(async () => {
  mail = await startMailServer(() => answer);
  system = await openInstallation({ MAIL_URL: mail.url, TASK_VISIBILITY: 'own' });
});
afterAll(async () => {
  await system?.remove();
  await mail?.stop();
});

/** A mail that was refused twice before the server takes some again waits for ten seconds and more. */
const patience = { timeout: 60_000, interval: 20 };
const withPatience = { timeout: 150_000 };
/** The mails to somebody that the server was given, taken or not. (Who made a task is told of it, too.) */
const told = ({ email }: { email: string }, words: string) =>
  [...mail.given, ...mail.taken].filter(({ raw }) => raw.includes(email) && raw.includes(words));

async function assignedTo(bob: User, title: string): Promise<string> {
  const { body } = await system.admin.ok('POST /api/tasks', { title });
  await system.admin.ok(`PUT /api/tasks/${body.id}/assignee`, { userId: bob.id });
  return body.id;
}

async function assignmentOf(bob: User): Promise<{ id: string }> {
  return vi.waitFor(async () => {
    const found = (await notificationsOf(system.admin, bob.id)).find(({ kind, channel }) => kind === 'task_assigned' && channel === 'email');
    expect(found).toBeDefined();
    return found as unknown as { id: string };
  }, patience);
}

const status = async (id: string) => (await system.admin.ok(`GET /api/notifications/${id}/status`)).body;
const REASON = 'the recipient may not read the task any more';

async function isWithdrawn(id: string): Promise<void> {
  await vi.waitFor(async () => expect(await status(id)).toMatchObject({ status: 'cancelled', lastError: REASON }), patience);
  expect((await status(id)).history.at(-1)).toMatchObject({ status: 'cancelled', detail: REASON });
}

it('a task that was taken from its assignee while the mail server was away', withPatience, async () => {
  const bob = await system.register('Bob');
  answer = 451;
  const task = await assignedTo(bob, 'The old title');
  await vi.waitFor(() => expect(told(bob, 'The old title')).not.toEqual([]), patience);
  await system.admin.ok(`PUT /api/tasks/${task}/assignee`, { userId: null });
  await system.admin.ok(`PATCH /api/tasks/${task}`, { title: 'Not for Bob' });
  expect((await bob.call(`GET /api/tasks/${task}`)).status).toBe(404);
  answer = 'take';
  const { id } = await assignmentOf(bob);
  await isWithdrawn(id);
  expect(told(bob, 'Not for Bob')).toEqual([]);
  expect(mail.taken.filter(({ raw }) => raw.includes('The old title') && raw.includes(bob.email))).toEqual([]);
  const listed = async () => (await notificationsOf(system.admin, bob.id)).find((one) => one.id === id);
  await vi.waitFor(async () => expect(await listed()).toMatchObject({ status: 'cancelled', lastError: REASON }), patience);
});

it('a dead letter that is tried again later', withPatience, async () => {
  const carol = await system.register('Carol');
  answer = 550;
  const task = await assignedTo(carol, 'A title that was refused');
  const dead = await listedDead(system.admin, 'email_notifications', { kind: 'task_assigned' });
  await system.admin.ok(`PUT /api/tasks/${task}/assignee`, { userId: null });
  await system.admin.ok(`PATCH /api/tasks/${task}`, { title: 'Not for Carol' });
  answer = 'take';
  await deadLettersOf(system.env)('retry', dead.id, 'carol.elsewhere@example.org');
  await isWithdrawn(dead.id);
  expect([...told(carol, 'Not for Carol'), ...told({ email: 'carol.elsewhere@example.org' }, 'Not for Carol')]).toEqual([]);
});
