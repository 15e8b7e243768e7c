/** The suite of what people are told of, on every channel that they chose: each once. The same for every kind of system. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Kind } from '../contracts/notifications/kinds.ts';
import { logIn, succeeding, type User } from './client.fixture.ts';
import { notificationsOf } from './mails.fixture.ts';
import type { Receivers } from './sending.fixture.ts';
import type { System } from './system.fixture.ts';

export interface Telling {
  system: System;
  receivers: Receivers;
}

const NUMBER = '+4915187654321';
const ALL = ['email', 'sms', 'in-app'];
/** Milliseconds to the deadline that passes: enough for a slow machine to take the task before. */
const SOON = 15_000;
const PATIENCE = { timeout: 120_000, interval: 100 };
const IN_TIME = { timeout: 150_000 };

interface People {
  alice: User;
  bob: User;
}
const make = async ({ alice }: People, task: object) => (await alice.ok('POST /api/tasks', task)).body.id as string;

/** What Alice does with a task of this title, by the kind of which Bob is told, and how the message begins. */
const HAPPENINGS: readonly { kind: Kind; subject: string; happens(people: People, title: string): Promise<unknown> }[] = [
  { kind: 'task_created', subject: 'New task: ', happens: (people, title) => make(people, { title, userId: people.bob.id }) },
  {
    kind: 'task_assigned',
    subject: 'Assigned to you: ',
    happens: async (people, title) => people.alice.ok(`PUT /api/tasks/${await make(people, { title })}/assignee`, { userId: people.bob.id }),
  },
  {
    kind: 'status_changed',
    subject: 'Moved: ',
    happens: async (people, title) =>
      people.alice.ok(`PUT /api/tasks/${await make(people, { title, userId: people.bob.id })}/status`, { status: 'in-progress' }),
  },
  {
    kind: 'overdue',
    subject: 'Overdue: ',
    happens: (people, title) => make(people, { title, userId: people.bob.id, deadline: new Date(Date.now() + SOON).toISOString() }),
  },
];
/** Registers somebody whom no admin confirms, and logs in. */
async function registerUnconfirmed({ url, call }: System, name: string): Promise<User> {
  const account = { name, email: `${name.toLowerCase()}.${crypto.randomUUID()}@example.org`, password: `a long phrase ${crypto.randomUUID()}` };
  await succeeding(call)('POST /api/users', account);
  return logIn(url, account);
}

const titleOf = (kind: Kind) => `Lamp for ${kind.replace('_', ' ')}`;
const headOf = (raw: string) => raw.replaceAll(/\r\n[ \t]+/g, ' ');

/** Describes registration, creation, assignment, status and a deadline that has passed, by e-mail, by SMS and in the inbox. */
export function describeEveryChannel(open: () => Telling): void {
  describe('on every channel', () => {
    let people: People;
    const texts = () => open().receivers.provider.taken.flatMap(({ to, body }) => (to === NUMBER ? [body] : []));
    const codes = () => texts().flatMap((text) => /^(\d{6}) is your code for /.exec(text)?.slice(1) ?? []);
    /** The numbers of messages that Bob got: of mails with such a subject, of SMS with such words, of items in the inbox. */
    const mails = (subject: string) =>
      open().receivers.mail.taken.filter(({ to, raw }) => to === people.bob.email && headOf(raw).includes(`\r\nSubject: ${subject}`)).length;
    const sms = (words: string) => texts().filter((text) => text.includes(words)).length;
    const inbox = async (kind: Kind, title: string) => {
      const { items } = (await people.bob.ok('GET /api/inbox?limit=100')).body as { items: { kind: string; title: string }[] };
      return items.filter((item) => item.kind === kind && item.title.includes(title)).length;
    };

    beforeAll(async () => {
      const { system } = open();
      const [alice, bob] = await Promise.all([system.register('Alice'), registerUnconfirmed(system, 'Bob')]);
      people = { alice, bob };
      // Before Bob is confirmed: the link to confirm what is confirmed is not sent.
      await vi.waitFor(() => expect(mails('Confirm your registration')).toBe(1), PATIENCE);
      for (const { id } of [alice, bob]) await system.admin.ok(`POST /api/users/${id}/confirm`);
      await bob.ok('PUT /api/me/phone', { phone: NUMBER });
      await vi.waitFor(() => expect(codes()).toHaveLength(1), PATIENCE);
      await bob.ok('POST /api/me/phone/confirm', { code: codes()[0] });
      await bob.ok('PUT /api/me/notifications', Object.fromEntries(HAPPENINGS.map(({ kind }) => [kind, ALL])));
      await Promise.all(HAPPENINGS.map(({ kind, happens }) => happens(people, titleOf(kind))));
    }, 300_000);
    afterAll(async () => void (await people?.bob.ok('DELETE /api/me/phone')));

    describe('a registration is told', () => {
      it('by e-mail: the link that confirms the address', IN_TIME, () => expect.poll(() => mails('Confirm your registration'), PATIENCE).toBe(1));
      it('by SMS: the code that confirms the number', () => expect(codes()).toHaveLength(1));
      it('in the inbox: the welcome', IN_TIME, () => expect.poll(() => inbox('user_created', 'Welcome'), PATIENCE).toBe(1));
    });

    describe.each(HAPPENINGS)('$kind is told', ({ kind, subject }) => {
      const words = `${subject}${titleOf(kind)}`;
      it('by e-mail', IN_TIME, () => expect.poll(() => mails(words), PATIENCE).toBe(1));
      it('by SMS', IN_TIME, () => expect.poll(() => sms(words), PATIENCE).toBe(1));
      it('in the inbox', IN_TIME, () => expect.poll(() => inbox(kind, titleOf(kind)), PATIENCE).toBe(1));
    });

    it('each once, also when all that was asked for is decided', IN_TIME, async () => {
      const { admin } = open().system;
      const isOver = (status: unknown) => status === 'sent' || status === 'cancelled';
      await vi.waitFor(
        async () => expect((await notificationsOf(admin, people.bob.id)).filter(({ status }) => !isOver(status))).toEqual([]),
        PATIENCE,
      );
      const counts = async ({ kind, subject }: (typeof HAPPENINGS)[number]) => {
        const words = `${subject}${titleOf(kind)}`;
        return [kind, mails(words), sms(words), await inbox(kind, titleOf(kind))];
      };
      expect(await Promise.all(HAPPENINGS.map(counts))).toEqual(HAPPENINGS.map(({ kind }) => [kind, 1, 1, 1]));
      expect([mails('Confirm your registration'), codes().length, await inbox('user_created', 'Welcome')]).toEqual([1, 1, 1]);
    });
  });
}
