import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { mailComes, mailsSettle, mailsTo } from './mails.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation({ PUBLIC_URL: 'https://tasks.example.org' });
});
afterAll(() => system?.remove());

const subjectsTo = async (address: string) => (await mailsTo(system.admin, address)).map(({ subject }) => subject).toSorted();

it('a change of address is confirmed by a link to the new one, and the old one is told at the request and at the change', async () => {
  const { admin } = system;
  const alice = await system.register('Alice');
  const wanted = `alice.${crypto.randomUUID()}@example.net`;
  await alice.ok(`PATCH /api/users/${alice.id}`, { email: wanted });
  await mailComes(admin, alice.email, 'Your e-mail address is about to change');
  const mail = await mailComes(admin, wanted, 'Confirm your new address at tasks.example.org');
  // Nothing that a person typed goes to an address that is nobody's yet.
  expect(mail.text).toMatch(/^Hello,\n/);
  const token = /https:\/\/tasks\.example\.org\/#address=([\w-]+)/.exec(mail.text)?.[1];
  await alice.ok('POST /api/email-changes/finish', { token });
  await mailComes(admin, alice.email, 'Your e-mail address was changed');
  await vi.waitFor(async () => expect((await admin.ok(`GET /api/users/${alice.id}`)).body).toMatchObject({ email: wanted, confirmed: true }));

  // What is told from now on goes to the new address alone.
  await admin.ok('POST /api/tasks', { title: 'Lamp', userId: alice.id });
  await vi.waitFor(async () => expect((await subjectsTo(wanted)).join()).toContain('Lamp'));
  await mailsSettle(admin);
  expect(await subjectsTo(alice.email)).toEqual([
    'Confirm your registration',
    'Your e-mail address is about to change',
    'Your e-mail address was changed',
  ]);
});

it('an admin who sets another’s address has the old one told, and the new one asked to confirm', async () => {
  const { admin } = system;
  const bob = await system.register('Bob');
  const given = `bob.${crypto.randomUUID()}@example.net`;
  await admin.ok(`PATCH /api/users/${bob.id}`, { email: given });
  await mailComes(admin, bob.email, 'Your e-mail address was changed');
  await mailComes(admin, given, 'Confirm your registration');
});
