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
  const deadline = Date.now() + 4_000;
  const make = (title: string, when: number) => alice.ok('POST /api/tasks', { title, deadline: new Date(when).toISOString() });
  await make('Missed', deadline);
  await make('Later', Date.now() + 26 * 3_600_000);
  await told(alice, 'Missed', ['due_soon']);
  await system.kill();
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(deadline), { timeout: 10_000, interval: 50 });
  for (const end of [system.stop, system.kill]) {
    await system.start();
    await mailComes(system.admin, alice.email, 'Overdue: Missed');
    await end();
  }
  await system.start();
  await mailsSettle(system.admin);
  await told(alice, 'Missed', ['due_soon', 'overdue']);
  expect((await mailsTo(system.admin, alice.email)).filter(({ subject }) => subject.startsWith('Overdue'))).toHaveLength(1);
  expect((await inboxOf(alice)).items.filter(({ title }) => title === 'Later')).toEqual([]);
});
