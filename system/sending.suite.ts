/** The suite of a mail server that hangs: it holds up mails, and nothing else. The same for every kind of system. */
import { expect, it, onTestFinished, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { inboxOf, told } from './inbox.suite.ts';
import { follow } from './live.fixture.ts';
import { notificationsOf } from './mails.fixture.ts';
import { type Backend, type Receivers, SILENCES, takenFor } from './sending.fixture.ts';
import type { System } from './system.fixture.ts';

export interface Sending {
  system: System;
  receivers: Receivers;
  backend: Backend;
}

/** The number of mails that wait for the mail server: many more than there are workers. */
const MAILS = 25;
/** A worker waits 10 s for a silent mail server: on a machine at rest what is done meanwhile takes a fifth of that. */
const ROUNDS = 4;
const PATIENCE = { timeout: 120_000, interval: 250 };

/** Describes the hanging mail server. */
export function describeHangingMail(open: () => Sending): void {
  it.each(SILENCES)('a mail server that %s delays no projection, no socket and no other channel', { timeout: 300_000 }, async (where) => {
    const { system, receivers, backend } = open();
    const [maker, helper] = await Promise.all([system.register('Maker'), system.register('Helper')]);
    for (const { id } of [maker, helper]) await system.admin.ok(`POST /api/users/${id}/confirm`);
    await allSent(system.admin);
    receivers.hang(where);
    onTestFinished(receivers.goOn);
    const recipients = Array.from({ length: MAILS }, (_, n) => `waits-${n}.${crypto.randomUUID()}@example.org`).toSorted();
    const ids = await Promise.all(recipients.map((recipient) => backend.send({ type: 'email', recipient, content: 'Hello?' })));
    const statuses = () => Promise.all(ids.map(backend.statusOf));
    await vi.waitFor(async () => expect((await statuses()).map(({ status }) => status)).toContain('processing'), PATIENCE);

    await whileNoneEnds(
      async () => (await statuses()).flatMap(({ errors }) => errors).length,
      () => allElseGoesOn({ system, receivers, backend }, maker, helper),
    );
    expect(takenFor(receivers, recipients)).toEqual([]);

    receivers.goOn();
    await allSent(system.admin);
    expect(takenFor(receivers, recipients)).toEqual(recipients.map((recipient, n) => [recipient, ids[n]]));
  });
}

/** All that there are, of every channel; but for links to confirm an address, which tell nothing once it is. */
async function allSent(admin: User): Promise<void> {
  const isOver = (status: unknown) => status === 'sent' || status === 'cancelled';
  await vi.waitFor(async () => expect((await notificationsOf(admin)).filter(({ status }) => !isOver(status))).toEqual([]), PATIENCE);
}

/** Does it until it was done from beginning to end while no attempt at a mail ended: it waited for none. */
async function whileNoneEnds(ended: () => Promise<number>, work: () => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const before = await ended();
    await work();
    if ((await ended()) === before) return;
  }
  expect.fail(`an attempt at a mail ended during each of ${ROUNDS} rounds`);
}

async function allElseGoesOn({ system, receivers, backend }: Sending, maker: User, helper: User): Promise<void> {
  const title = `While the mail server hangs ${crypto.randomUUID()}`;
  const page = follow(system, helper, 'tasks');
  await page.joined();
  const { body: task, headers } = await maker.ok('POST /api/tasks', { title, userId: helper.id });
  const position = headers.get('position') ?? '';
  expect((await helper.ok(`GET /api/tasks/${task.id}`, undefined, { 'read-after': position })).body.title).toBe(title);
  await page.reached(position);
  expect(page.changes.map(({ id }) => id)).toContain(task.id);
  page.close();
  await told(helper, title, ['task_created']);

  const later = { type: 'in-app', recipient: helper.id, content: title, sendAt: new Date(Date.now() + 1_000).toISOString() };
  const [sms, message] = await Promise.all([backend.send({ type: 'sms', recipient: '+4915112345678', content: title }), backend.send(later)]);
  await Promise.all([sms, message].map((id) => backend.becomes(id, 'sent')));
  expect(receivers.provider.taken.filter(({ body }) => body === title)).toHaveLength(1);
  await vi.waitFor(async () => expect((await inboxOf(helper)).items.map(({ id }) => id)).toContain(message), PATIENCE);
}
