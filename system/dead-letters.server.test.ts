/** API keys and dead letters on real servers: each part a process of its own, and the command line on the stores themselves. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { caller } from './client.fixture.ts';
import { deadLettersOf } from './dead-letters.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';

const MAIL = { type: 'email', content: 'Dear {{name}}, it is here.', variables: { name: 'Ann' } };
/** A process may remember a key for 5 s. */
const NOTICED = { timeout: 10_000, interval: 200 };

describeWith(DISTRIBUTED, 'dead letters on real servers', () => {
  let mail: MailServer;
  let system: Distributed;
  let refuses = true;
  beforeAll(async () => {
    mail = await startMailServer(() => (refuses ? 550 : 'take'));
    system = await openDistributed({ env: { MAIL_URL: mail.url } });
  });
  afterAll(async () => {
    await system?.remove();
    await mail?.stop();
  });

  const newKey = async (body: object = {}) => {
    const { body: made } = await system.admin.ok('POST /api/admin/api-keys', { name: 'web shop', ...body });
    return { ...made, call: caller(system.url, made.key) };
  };
  const cli = (...args: string[]) => deadLettersOf(system.env)(...args);

  it('are listed and tried again by the command line without a password, and sent once', async () => {
    const { call } = await newKey();
    const recipients = Array.from({ length: 20 }, (_, n) => `many-${n}@example.org`);
    const answers = await Promise.all(recipients.map((recipient) => call('POST /api/v1/notifications/send', { ...MAIL, recipient })));
    const ids = answers.map(({ body }) => body.id);
    await vi.waitFor(async () => expect((await cli('list', 'email_notifications')).out).toContain('  20 in all'), { timeout: 60_000, interval: 500 });
    expect((await cli('show', ids[0])).out).toMatch(/to many-0@example\.org, in email_notifications\n.*550/);
    refuses = false;
    const replayed = await Promise.all([cli('retry', '--all'), cli('retry', '--all')]);
    // On a crowded machine a command may say that it waits for a server.
    expect(replayed.map(({ code, err }) => [code, err.replace(/^Waiting for .*\n/gm, '')])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const retried = replayed.map(({ out }) => Number(/^email_notifications: (\d+) tried again/.exec(out)?.[1]));
    expect((retried[0] ?? 0) + (retried[1] ?? 0)).toBe(20);
    for (const id of ids)
      await vi.waitFor(async () => expect((await call(`GET /api/v1/notifications/${id}/status`)).body.status).toBe('sent'), {
        timeout: 60_000,
        interval: 100,
      });
    expect(mail.taken.map(({ to }) => to).toSorted()).toEqual(recipients.toSorted());
  });

  it('a key is good in every part, limited in all of them together, and revoked in each within seconds', async () => {
    const limited = await newKey({ requestsPerMinute: 3 });
    const asked = ['POST /api/v1/notifications/send', 'GET /api/v1/notifications?all', 'POST /api/v1/notifications/send'];
    for (const what of asked)
      expect((await limited.call(what, what.startsWith('POST') ? { ...MAIL, recipient: 'ann@example.org' } : undefined)).status).toBeLessThan(300);
    for (const what of asked) expect((await limited.call(what, what.startsWith('POST') ? MAIL : undefined)).status).toBe(429);
    const { id, call } = await newKey();
    expect((await call('GET /api/v1/notifications?all')).status).toBe(200);
    await system.admin.ok(`DELETE /api/admin/api-keys/${id}`);
    await vi.waitFor(async () => expect((await call('GET /api/v1/notifications?all')).status).toBe(401), NOTICED);
  });
});
