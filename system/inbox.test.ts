import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { inboxOf, told } from './inbox.suite.ts';
import { mailComes, mailsSettle, mailsTo } from './mails.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
let alice: User;
beforeAll(async () => {
  system = await openInstallation();
  alice = await system.register('Alice');
});
afterAll(() => system?.remove());

it('what became due while nothing ran is told at the next start, once, however often it is started again', { timeout: 120_000 }, async () => {
  const deadline = Date.now() + 6_000;
  const make = (title: string, when: number) => alice.ok('POST /api/tasks', { title, deadline: new Date(when).toISOString() });
  await make('Missed', deadline);
  await make('Later', Date.now() + 26 * 3_600_000);
  await told(alice, 'Missed', ['due_soon']);
  // A mail at work when it is killed would be sent again, once its lease is over.
  await mailsSettle(system.admin);
  await system.kill();
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(deadline), { timeout: 20_000, interval: 50 });
  for (const end of [system.stop, system.kill]) {
    await system.start();
    await mailComes(system.admin, alice.email, 'Overdue: Missed');
    await mailsSettle(system.admin);
    await end();
  }
  await system.start();
  await mailsSettle(system.admin);
  await told(alice, 'Missed', ['due_soon', 'overdue']);
  expect((await mailsTo(system.admin, alice.email)).filter(({ subject }) => subject.startsWith('Overdue'))).toHaveLength(1);
  expect((await inboxOf(alice)).items.filter(({ title }) => title === 'Later')).toEqual([]);
});

it('what is asked for later comes into the inbox when its time has come, and not what was cancelled meanwhile', async () => {
  const send = (content: string, milliseconds: number) =>
    system.admin.ok('POST /api/v1/notifications/send', {
      type: 'in-app',
      recipient: alice.id,
      content,
      variables: { name: 'Alice' },
      sendAt: new Date(Date.now() + milliseconds).toISOString(),
    });
  const soon = await send('Dear {{name}}, the lift works again.', 1_500);
  expect({ status: soon.status, body: soon.body }).toMatchObject({ status: 202, body: { status: 'scheduled' } });
  const never = await send('Nobody is to read this.', 3_600_000);
  await system.admin.ok(`POST /api/notifications/${never.body.id}/cancel`, {});
  const messages = async () => (await inboxOf(alice)).items.filter(({ kind }) => kind === 'message');
  await vi.waitFor(async () => expect(await messages()).toMatchObject([{ id: soon.body.id, text: 'Dear Alice, the lift works again.' }]), {
    timeout: 20_000,
    interval: 50,
  });
  expect((await system.admin.ok(`GET /api/notifications/${never.body.id}`)).body.status).toBe('cancelled');
});
