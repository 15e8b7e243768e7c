/** Nobody has our server send any text to any address, whatever commands they repeat. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const TEXT = 'Buy now at attacker dot example';
let server: MailServer;
let system: Installation;
let mallory: User;

beforeAll(async () => {
  server = await startMailServer();
  system = await openInstallation({ MAIL_URL: server.url, PUBLIC_URL: 'http://127.0.0.1:3000', SITE_NAME: 'The House' });
  mallory = await system.register('Mallory');
  await system.admin.ok(`POST /api/users/${mallory.id}/confirm`);
}, 120_000);
afterAll(async () => {
  await system?.remove();
  await server?.stop();
});

const mailsTo = (address: string) => server.taken.filter(({ to }) => to === address);
const statusesOf = async (user: User) => {
  const { items } = (await system.admin.ok(`GET /api/notifications?userId=${user.id}&type=email`)).body as {
    items: { kind: string; status: string; lastError: string | null }[];
  };
  return Object.fromEntries(items.map(({ kind, status, lastError }) => [kind, { status, lastError }]));
};

it('a task for somebody whose address is not confirmed is mailed once it is, and not before', { timeout: 120_000 }, async () => {
  const victim = await system.register('Victim');
  await mallory.ok('POST /api/tasks', { title: TEXT, description: TEXT, userId: victim.id });
  await expect.poll(() => statusesOf(victim)).toMatchObject({ task_created: { status: 'pending', lastError: 'the address is not confirmed' } });
  await expect.poll(() => mailsTo(victim.email)).toHaveLength(1);
  await system.admin.ok(`POST /api/users/${victim.id}/confirm`);
  await expect.poll(() => mailsTo(victim.email).map(({ raw }) => raw.includes(TEXT))).toEqual([false, true]);
  const [confirmation, mail] = mailsTo(victim.email).map(({ raw }) => raw.replaceAll(/\r\n[ \t]+/g, ' '));
  expect(confirmation).not.toContain('List-Unsubscribe');
  expect(mail).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
  const link = new URL(/^List-Unsubscribe: <([^>]+)>/m.exec(mail ?? '')?.[1]?.replaceAll(' ', '') ?? '');
  const at = `${system.url()}${link.pathname}${link.search}`;
  const chosen = async () => {
    const { items } = (await victim.ok('GET /api/me/notifications')).body as { items: { kind: string; chosen: boolean; channels: string[] }[] };
    return items.filter((one) => one.chosen).map(({ kind, channels }) => [kind, channels]);
  };
  const asked = await fetch(at);
  expect([asked.status, await chosen()]).toEqual([200, []]);
  const oneClick = (url: string) => fetch(url, { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) });
  for (const time of [1, 2]) expect((await oneClick(at)).status, `time ${time}`).toBe(200);
  expect(await chosen()).toEqual([['task_created', ['in-app']]]);
  for (const forged of [`${at}0`, at.replace('task_created', 'overdue'), at.replace(victim.id, mallory.id)])
    expect((await oneClick(forged)).status).toBe(422);
});

it('of many who were registered under the text itself, nobody is mailed it', { timeout: 240_000 }, async () => {
  const addresses = Array.from({ length: 8 }, (_, n) => `stranger-${n}@example.org`);
  for (const email of addresses) {
    const registered = await system.call('POST /api/users', { name: TEXT, email, password: 'a long phrase of nobody' });
    expect(registered.status).toBe(201);
  }
  const order = { items: [{ sku: 'attacker-example', quantity: 1, unitPrice: { amount: 1, currency: 'EUR' } }] };
  for (const email of ['nobody@example.org', 'nobody@example.org', 'nobody@example.org', 'Nobody@example.org'])
    await mallory.ok('POST /api/orders', { ...order, email });
  const ofNobody = () => server.taken.filter(({ to }) => to.toLowerCase() === 'nobody@example.org');
  await expect.poll(ofNobody).toHaveLength(1);
  // However many orders name an address, its owner's own confirmation comes.
  const owner = { name: TEXT, email: 'nobody@example.org', password: 'a long phrase of its owner' };
  expect((await system.call('POST /api/users', owner)).status).toBe(201);
  await expect.poll(() => ofNobody().filter(({ raw }) => /^Subject: Confirm your/m.test(raw))).toHaveLength(1);
  await expect.poll(() => addresses.filter((one) => mailsTo(one).length === 1)).toEqual(addresses);
  const toStrangers = server.taken.filter(({ to }) => to.toLowerCase() === 'nobody@example.org' || to.startsWith('stranger-'));
  expect(ofNobody()).toHaveLength(2);
  for (const { raw } of toStrangers) expect(raw).not.toMatch(/attacker/i);
  for (const { raw } of toStrangers) expect(raw).toContain('The House');
});
