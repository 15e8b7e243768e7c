import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { everyItem, succeeding } from './client.fixture.ts';
import { follow } from './live.fixture.ts';
import { mailComes, mailsTo } from './mails.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation({ REGISTRATION: 'invited', PUBLIC_URL: 'https://tasks.example.org' });
});
afterAll(() => system?.remove());

const inStatus = async (status: string) => (await system.admin.ok(`GET /api/invitations?status=${status}`)).body.items;

it('somebody is invited by mail, makes an account by the link, and the admins see what became of it, live, too', async () => {
  const { admin } = system;
  const live = follow(system, admin, 'invitations');
  await live.joined();
  const { body: made } = await admin.ok('POST /api/invitations', { email: 'anna@example.org', role: 'staff' });
  const mail = await mailComes(admin, 'anna@example.org', 'You are invited to tasks.example.org');
  // Nothing that a person typed goes to an address without an account: neither the inviter's name nor another one.
  expect(mail.text).not.toContain('Administrator');
  const code = /https:\/\/tasks\.example\.org\/#invitation=([\w-]+)/.exec(mail.text)?.[1];
  const { body: account } = await succeeding(system.call)('POST /api/invitations/accept', { code, name: 'Anna', password: 'correct horse battery' });
  const { body } = await admin.ok(`GET /api/users/${account.id}`, undefined, { 'read-after': account.position });
  expect(body).toMatchObject({ name: 'Anna', role: 'staff', email: 'anna@example.org', confirmed: true });
  await vi.waitFor(async () => expect(await inStatus('accepted')).toMatchObject([{ id: made.id, userId: account.id, madeBy: admin.id }]));
  await vi.waitFor(() => expect(live.changes.map(({ type }) => type)).toEqual(['InvitationMade', 'InvitationAccepted']));
  // No confirmation mail: the code has shown the mailbox.
  expect((await mailsTo(admin, 'anna@example.org')).map(({ subject }) => subject)).toEqual(['You are invited to tasks.example.org']);
});

it('many invitations are listed in pages, by state', { timeout: 120_000 }, async () => {
  const { admin } = system;
  const ids: string[] = [];
  for (let from = 0; from < 160; from += 20) {
    const some = Array.from({ length: 20 }, (_, k) => `guest${from + k}@example.org`);
    const answers = await Promise.all(some.map((email) => admin.ok('POST /api/invitations', { email, role: 'resident' })));
    ids.push(...answers.map(({ body }) => body.id as string));
  }
  const { body: last } = await admin.ok(`DELETE /api/invitations/${ids[7]}`);
  await vi.waitFor(() => admin.ok('GET /api/invitations?limit=1', undefined, { 'read-after': last.position }));
  const open = await everyItem(admin.ok, '/api/invitations?status=open&limit=50');
  expect(new Set(open.map(({ id }) => id))).toEqual(new Set(ids.toSpliced(7, 1)));
  expect(open.every(({ status }) => status === 'open')).toBe(true);
  expect((await inStatus('withdrawn')).map(({ id }: { id: string }) => id)).toEqual([ids[7]]);
  expect(await inStatus('expired')).toEqual([]);
});
