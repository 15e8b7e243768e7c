/** What becomes of a mail that a server has and has not answered yet when the process is told to end. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../notifier/mailer/smtp/smtp.fixture.ts';
import { type Backend, backendOf } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const patience = { timeout: 30_000, interval: 20 };
let mail: TestServer;
let system: Installation;
let backend: Backend;

beforeAll(async () => {
  mail = await startTestServer();
  system = await openInstallation({ MAIL_URL: mail.url });
  backend = await backendOf(system);
});
afterAll(async () => {
  await system?.remove();
  await mail?.close();
});

const message = (n: number) => ({ type: 'email', recipient: `person-${n}@example.org`, content: 'Hello' });

it('a mail that is answered within what is left of the ten seconds is sent, and once', { timeout: 120_000 }, async () => {
  mail.behave({ slow: { data: 2_500 } });
  const id = await backend.send(message(1));
  await vi.waitFor(() => expect(mail.received).toHaveLength(1), patience);
  expect(await system.stop()).toEqual({ code: 0, signal: null });
  await system.start();
  expect(await backend.becomes(id, 'sent')).toMatchObject({ attempts: 1 });
  expect(mail.received).toHaveLength(1);
});

it('one that is not answered is unknown, and listed; one that was not given yet takes no attempt; both go out afterwards', {
  timeout: 120_000,
}, async () => {
  const before = mail.received.length;
  mail.behave({ slow: { data: 600_000 } });
  const given = await backend.send(message(2));
  await vi.waitFor(() => expect(mail.received).toHaveLength(before + 1), patience);
  mail.behave({ slow: { greeting: 600_000 } });
  const waiting = await backend.send(message(3));
  await vi.waitFor(async () => expect(await backend.statusOf(waiting)).toMatchObject({ status: 'processing' }), patience);
  expect(await system.stop()).toEqual({ code: 0, signal: null });
  mail.behave('accept');
  await system.start();
  await Promise.all([given, waiting].map((id) => backend.becomes(id, 'sent')));
  const shown = async (id: string) => (await system.admin.ok(`GET /api/notifications/${id}`)).body;
  await vi.waitFor(async () => expect(await shown(given)).toMatchObject({ status: 'sent', unknownAttempts: [1] }), patience);
  await vi.waitFor(async () => expect(await shown(waiting)).toMatchObject({ status: 'sent', unknownAttempts: [] }), patience);
  const ids = mail.received.slice(before).map((one) => /^Message-ID: <(.*)@/im.exec(one)?.[1]);
  expect(ids.toSorted()).toEqual([given, given, waiting].toSorted());
});
