/** What people are told of, on every channel that they chose: each once. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Kind } from '../contracts/notifications/kinds.ts';
import type { User } from './client.fixture.ts';
import { type Receivers, startReceivers } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const NUMBER = '+4915112345678';
const ALL = ['email', 'sms', 'in-app'];

let receivers: Receivers;
let system: Installation;
let alice: User;
let bob: User;
beforeAll(async () => {
  receivers = await startReceivers();
  system = await openInstallation({ ...receivers.env, PUBLIC_URL: 'https://tasks.example.org' });
  [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
  // An admin's confirmation cancels a mail with a link that has not gone yet.
  await vi.waitFor(() => expect(mails('Confirm your registration')).toHaveLength(1), { timeout: 60_000 });
  for (const { id } of [alice, bob]) await system.admin.ok(`POST /api/users/${id}/confirm`);
  await bob.ok('PUT /api/me/phone', { phone: NUMBER });
  await vi.waitFor(() => expect(codes()).toHaveLength(1), { timeout: 60_000 });
  await bob.ok('POST /api/me/phone/confirm', { code: codes()[0]?.slice(0, 6) });
  await bob.ok('PUT /api/me/notifications', { task_created: ALL, task_assigned: ALL, overdue: ALL, status_changed: ALL });
}, 240_000);
afterAll(async () => {
  await system?.remove();
  await receivers?.stop();
});

const texts = () => receivers.provider.taken.filter(({ to }) => to === NUMBER).map(({ body }) => body);
const codes = () => texts().filter((text) => /^\d{6} is your code for tasks\.example\.org/.test(text));
const headOf = (raw: string) => raw.replaceAll(/\r\n[ \t]+/g, ' ');
const mails = (subject: string) => receivers.mail.taken.filter(({ to, raw }) => to === bob.email && headOf(raw).includes(`\r\nSubject: ${subject}`));
const inInbox = async (kind: Kind, title: string) => {
  const { items } = (await bob.ok('GET /api/inbox')).body as { items: { kind: string; title: string }[] };
  return items.filter((item) => item.kind === kind && item.title.includes(title));
};

const make = async (task: object) => (await alice.ok('POST /api/tasks', task)).body.id as string;
/** What happens, by kind, to a task of this title, and how the message begins. */
const HAPPENINGS: readonly { kind: Kind; subject: string; happens(title: string): Promise<unknown> }[] = [
  { kind: 'task_created', subject: 'New task: ', happens: (title) => make({ title, userId: bob.id }) },
  {
    kind: 'task_assigned',
    subject: 'Assigned to you: ',
    happens: async (title) => alice.ok(`PUT /api/tasks/${await make({ title })}/assignee`, { userId: bob.id }),
  },
  {
    kind: 'status_changed',
    subject: 'Moved: ',
    happens: async (title) => alice.ok(`PUT /api/tasks/${await make({ title, userId: bob.id })}/status`, { status: 'in-progress' }),
  },
  {
    kind: 'overdue',
    subject: 'Overdue: ',
    happens: (title) => make({ title, userId: bob.id, deadline: new Date(Date.now() + 15_000).toISOString() }),
  },
];

describe('a registration is told', () => {
  it('by e-mail: the link that confirms the address', () => expect.poll(() => mails('Confirm your registration')).toHaveLength(1));
  it('by SMS: the code that confirms the number', () => expect(codes()).toHaveLength(1));
  it('in the inbox: the welcome', () => expect.poll(() => inInbox('user_created', 'Welcome')).toHaveLength(1));
});

describe.each(HAPPENINGS)('$kind is told, once on each channel', ({ kind, subject, happens }) => {
  const title = `Lamp for ${kind.replace('_', ' ')}`;
  const words = `${subject}${title}`;
  beforeAll(async () => void (await happens(title)), 60_000);

  it('by e-mail', { timeout: 60_000 }, () => expect.poll(() => mails(words).length, { timeout: 50_000 }).toBe(1));
  it('by SMS', { timeout: 60_000 }, () => expect.poll(() => texts().filter((text) => text.includes(words)).length, { timeout: 50_000 }).toBe(1));
  it('in the inbox', { timeout: 60_000 }, () => expect.poll(() => inInbox(kind, title), { timeout: 50_000 }).toHaveLength(1));
});
