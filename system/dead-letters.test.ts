import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Call, caller, succeeding } from './client.fixture.ts';
import { deadIn, deadLettersOf } from './dead-letters.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let mail: MailServer;
let system: Installation;
/** Another backend, with its API key. */
let backend: Call;
/** Whether the mail server refuses an address for good. */
let refuses: (to: string) => boolean = () => false;
beforeAll(async () => {
  mail = await startMailServer(({ to }) => (refuses(to) ? 550 : 'take'));
  system = await openInstallation({ MAIL_URL: mail.url });
  const { body } = await system.admin.ok('POST /api/admin/api-keys', { name: 'web shop', requestsPerMinute: 100_000 });
  backend = succeeding(caller(system.url, body.key));
});
afterAll(async () => {
  await system?.remove();
  await mail?.stop();
});
beforeEach(() => {
  refuses = () => false;
});

const cli = (...args: string[]) => deadLettersOf(system.env)(...args);

async function send(recipient: string): Promise<string> {
  const message = { type: 'email', recipient, subject: 'Your parcel', content: 'Dear {{name}}, it is here.', variables: { name: 'Ann' } };
  return (await backend('POST /api/v1/notifications/send', message)).body.id;
}

const statusOf = async (id: string) => (await backend(`GET /api/v1/notifications/${id}/status`)).body;
const becomes = (id: string, status: string) =>
  vi.waitFor(
    async () => {
      const found = await statusOf(id);
      expect(found.status).toBe(status);
      return found;
    },
    { timeout: 20_000, interval: 20 },
  );
const dead = () => deadIn(system.admin, 'email_notifications');
const taken = (to: string) => mail.taken.filter((one) => one.to === to);

/** A dead letter, which the list shows. */
async function deadLetter(recipient: string): Promise<string> {
  refuses = (to) => to === recipient;
  const id = await send(recipient);
  await becomes(id, 'failed');
  await vi.waitFor(async () => expect((await dead()).map((one) => one.id)).toContain(id), { timeout: 20_000, interval: 20 });
  return id;
}

it('what another backend sends goes out, and its status tells how', async () => {
  const id = await send('ann@example.org');
  const { history, ...status } = await becomes(id, 'sent');
  expect(status).toEqual({
    id,
    type: 'email',
    status: 'sent',
    recipient: 'ann@example.org',
    attempts: 1,
    lastError: null,
    nextAttemptAt: null,
    errors: [],
  });
  expect(history.map((step: { status: string }) => step.status)).toEqual(['pending', 'processing', 'sent']);
  expect(taken('ann@example.org')[0]?.raw).toContain('Dear Ann, it is here.');
});

describe('npm start -- dead-letters', () => {
  it('lists and shows them, with reason and history', async () => {
    const id = await deadLetter('gone@example.org');
    const listed = await cli('list');
    expect(listed).toMatchObject({ code: 0, err: '' });
    expect(listed.out).toMatch(
      new RegExp(`^email_notifications:\n  ${id}  failed  \\S+Z  1 attempt  message  .*550.*\n  1 in all\nsms_notifications: none\norders: none\n$`),
    );
    expect((await cli('list', 'orders')).out).toBe('orders: none\n');
    const { out } = await cli('show', id.toUpperCase());
    expect(out).toContain(`${id}: message to gone@example.org, in email_notifications\n`);
    expect(out).toMatch(/failed since \S+Z after 1 attempt: .*550/);
    expect(out).toMatch(/Z {2}pending\n.*Z {2}processing {2}attempt 1, by \S+\n.*Z {2}failed {6}attempt 1, .*550/);
    expect(out).not.toContain('it is here');
  });

  it('tries one again, to the right recipient where the old one was wrong', async () => {
    const id = await deadLetter('typo@example.org');
    expect(await cli('retry', id, 'right@example.org')).toEqual({ code: 0, out: `${id} is tried again, to right@example.org.\n`, err: '' });
    expect(await becomes(id, 'sent')).toMatchObject({ recipient: 'right@example.org', attempts: 2 });
    expect([taken('typo@example.org').length, taken('right@example.org').length]).toEqual([0, 1]);
    expect(await cli('retry', id)).toEqual({ code: 1, out: '', err: 'taskledger: It is no dead letter: it is sent.\n' });
  });

  it('gives one up', async () => {
    const id = await deadLetter('hopeless@example.org');
    expect(await cli('discard', id)).toEqual({ code: 0, out: `${id} is given up.\n`, err: '' });
    expect((await cli('retry', id)).err).toBe('taskledger: It is no dead letter: it is failed (given up by an operator).\n');
    expect((await cli('discard', id)).code).toBe(1);
  });

  it('works without a process on the folder, too: what is tried again goes out when one runs', async () => {
    const id = await deadLetter('later@example.org');
    await system.stop();
    expect((await cli('show', id)).out).toContain('later@example.org');
    expect((await cli('list', 'email_notifications')).out).toContain(id);
    expect((await cli('retry', id, 'nobody')).err).toBe('taskledger: This is no recipient for its channel.\n');
    expect((await cli('retry', id)).out).toBe(`${id} is tried again.\n`);
    expect((await cli('list', 'email_notifications')).out).not.toContain(id);
    expect((await cli('retry', '--all', 'email_notifications')).out).not.toContain('left alone');
    refuses = () => false;
    await system.start();
    await becomes(id, 'sent');
    expect(taken('later@example.org')).toHaveLength(1);
  });

  it.each(
    [
      [],
      ['list', 'projections'],
      ['list', 'orders', 'more'],
      ['show'],
      ['retry'],
      ['retry', '--all', 'nothing'],
      ['retry', '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e99', '--unknown'],
      ['list', '--all'],
      ['discard', 'a', 'b'],
      ['toString'],
    ].map((args) => [args]),
  )('with %j says how it is used', async (args) => {
    const { code, err } = await cli(...args);
    expect(code).toBe(1);
    expect(err).toMatch(/^taskledger: dead-letters: .+\. How it is used says: npm start -- dead-letters --help\n$/);
  });

  it('with an id that is none says so in one line', async () => {
    const nobody = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e99';
    for (const [words, ...more] of [['show'], ['retry', 'ann@example.org'], ['discard']])
      expect(await cli(words ?? '', '../projections', ...more)).toEqual({
        code: 1,
        out: '',
        err: 'taskledger: ../projections is no id of a dead letter. dead-letters list shows those that there are.\n',
      });
    expect((await cli('discard', nobody)).err).toBe('taskledger: There is no notification and no order with this id.\n');
  });
});

it('invariant 11: 1,000 dead letters that are replayed by three at once are each sent once', { timeout: 240_000 }, async () => {
  const COUNT = 1_000;
  await cli('retry', '--all');
  await vi.waitFor(async () => expect(await dead()).toEqual([]), { timeout: 20_000, interval: 50 });
  refuses = (to) => to.startsWith('many-');
  const recipients = Array.from({ length: COUNT }, (_, n) => `many-${n}@example.org`);
  const ids: string[] = [];
  for (let n = 0; n < COUNT; n += 50) ids.push(...(await Promise.all(recipients.slice(n, n + 50).map(send))));
  await vi.waitFor(async () => expect((await dead()).length).toBe(COUNT), { timeout: 120_000, interval: 250 });
  refuses = () => false;
  const all = { queue: 'email_notifications', limit: 5_000 };
  const [first, second, third] = await Promise.all([
    system.admin.ok('POST /api/admin/dead-letters/retry', all),
    system.admin.ok('POST /api/admin/dead-letters/retry', all),
    cli('retry', '--all', 'email_notifications'),
  ]);
  const byProgram = Number(/^email_notifications: (\d+) tried again/.exec(third.out)?.[1]);
  expect(first.body.retried + second.body.retried + byProgram).toBe(COUNT);
  await vi.waitFor(() => expect(mail.taken.filter(({ to }) => to.startsWith('many-')).length).toBeGreaterThanOrEqual(COUNT), {
    timeout: 120_000,
    interval: 250,
  });
  for (const id of ids) {
    const { status, history } = await becomes(id, 'sent');
    expect([status, history.map((step: { status: string }) => step.status)]).toEqual([
      'sent',
      ['pending', 'processing', 'failed', 'pending', 'processing', 'sent'],
    ]);
  }
  expect(
    mail.taken
      .map(({ to }) => to)
      .filter((to) => to.startsWith('many-'))
      .toSorted(),
  ).toEqual(recipients.toSorted());
  expect(await dead()).toEqual([]);
});
