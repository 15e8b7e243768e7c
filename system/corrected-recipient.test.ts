/** A mail that was refused for good goes to the right address, where an operator may say which that is. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { problemOf } from './client.fixture.ts';
import { deadIn, deadLettersOf, listedDead } from './dead-letters.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let mail: MailServer;
let system: Installation;
beforeAll(async () => {
  mail = await startMailServer(({ to }) => (to.startsWith('typo') ? 550 : 'take'));
  system = await openInstallation({ MAIL_URL: mail.url });
});
afterAll(async () => {
  await system?.remove();
  await mail?.stop();
});

const patience = { timeout: 20_000, interval: 20 };
const taken = (address: string) => mail.taken.filter(({ to }) => to === address).map(({ raw }) => raw);
const isSent = (id: string) =>
  vi.waitFor(async () => {
    const { body } = await system.admin.ok(`GET /api/notifications/${id}/status`);
    expect(body.status).toBe('sent');
    return body;
  }, patience);

it('the mail of an order goes to the address that it is corrected to, once', async () => {
  const alice = await system.register('Alice');
  const item = { sku: 'ladder', quantity: 3, unitPrice: { amount: 8900, currency: 'EUR' } };
  const { body: order } = await alice.ok('POST /api/orders', { items: [item], email: 'typo.alice@example.org' });
  const dead = await listedDead(system.admin, 'email_notifications', { kind: 'order_confirmed' });
  expect(dead.reason).toContain('550');
  const deadLetters = deadLettersOf(system.env);
  expect((await deadLetters('retry', dead.id, 'alice@example.org')).out).toBe(`${dead.id} is tried again, to alice@example.org.\n`);
  expect(await isSent(dead.id)).toMatchObject({ recipient: 'alice@example.org', attempts: 2 });
  expect(taken('alice@example.org')).toHaveLength(1);
  const [text] = taken('alice@example.org');
  expect(text).toContain(`Subject: Order confirmed: no. ${order.id.slice(0, 8)}`);
  expect(text).toContain('ladder, 89.00 EUR each');
  await vi.waitFor(async () => expect(await deadIn(system.admin, 'email_notifications')).toEqual([]), patience);
});

it('a confirmation goes to no address but the user’s: to that as an admin corrects it', async () => {
  const typo = await system.register('Typo');
  const right = `right.${crypto.randomUUID()}@example.org`;
  const dead = await listedDead(system.admin, 'email_notifications', { kind: 'confirm_registration' });
  const retry = `POST /api/admin/dead-letters/${dead.id}/retry`;
  expect(problemOf(await system.admin.call(retry, { recipient: right }))).toEqual({ status: 422, code: 'invalid', pointers: ['/recipient'] });
  expect((await deadIn(system.admin, 'email_notifications')).map(({ id }) => id)).toEqual([dead.id]);
  await system.admin.ok(`PATCH /api/users/${typo.id}`, { email: right });
  // The address that is new to us is mailed a link by itself; the dead letter can be tried again, too.
  await vi.waitFor(() => expect(taken(right)).toHaveLength(1), patience);
  await system.admin.ok(retry, {});
  await isSent(dead.id);
  expect(taken(right)).toHaveLength(2);

  // The links confirm that address.
  const token = /#confirm=([\w.-]+)/.exec(unfolded(taken(right)[1] ?? ''))?.[1];
  expect((await typo.ok('POST /api/confirmations', { token, password: typo.password })).body).toMatchObject({ id: typo.id, confirmed: true });
  const then = async () => (await system.admin.ok(`GET /api/users/${typo.id}`)).body;
  await vi.waitFor(async () => expect(await then()).toMatchObject({ email: right, confirmed: true }), patience);
});

it('a confirmation whose address was given up by its user is not sent any more, and the new address is told of nothing else', async () => {
  const typo = await system.register('Typo');
  const right = `right.${crypto.randomUUID()}@example.org`;
  const dead = await listedDead(system.admin, 'email_notifications', { kind: 'confirm_registration' });
  await typo.ok(`PATCH /api/users/${typo.id}`, { email: right });
  await vi.waitFor(() => expect(taken(right)).toHaveLength(1), patience);
  const token = /#address=([\w.-]+)/.exec(unfolded(taken(right)[0] ?? ''))?.[1];
  await typo.ok('POST /api/email-changes/finish', { token });
  await system.admin.ok(`POST /api/admin/dead-letters/${dead.id}/retry`, {});
  await vi.waitFor(async () => {
    const { body } = await system.admin.ok(`GET /api/notifications/${dead.id}/status`);
    expect(body.status).toBe('cancelled');
  }, patience);
  expect(taken(right)).toHaveLength(1);
});

/** Without the line breaks of quoted-printable. */
function unfolded(raw: string): string {
  return raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
}
