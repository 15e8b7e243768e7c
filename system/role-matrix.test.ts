/**
 * Who may do what: every route, asked by everybody there is, for a thing of somebody else's, of one's own, and of what one is assigned.
 * A route that is not in the table fails the test, so that nobody adds one without saying who may.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_ROWS, rowName } from '../app/rows.ts';
import type { Role } from '../contracts/role.ts';
import type { RouteRow } from '../platform/http/route.ts';
import { type Call, caller, logIn, type Reply, type User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { ASKERS, type Asker, WHO_MAY } from './who-may.fixture.ts';

const OTHER_ROLES = ['resident', 'staff', 'security', 'maintenance', 'customer-service'] as const satisfies readonly Role[];

let system: Installation;
const users = {} as Record<Exclude<Asker, 'nobody' | 'key'>, User>;
let key = '';
/** Whom the routes of users are about. */
let subject: User;

beforeAll(async () => {
  system = await openInstallation({
    ...{ TASK_VISIBILITY: 'own', UNCONFIRMED: 'none', REGISTRATION_LIMIT: '100000', UPLOAD_LIMIT: '100000', ORDER_LIMIT: '100000' },
    ...{ LOGIN_LIMIT: '100000', NETWORK_REPAIR_LIMIT: '100000', ASSET_REPAIR_LIMIT: '100000' },
  });
  users.admin = system.admin;
  users.unconfirmed = await system.register('Unconfirmed');
  for (const who of ['stranger', 'owner', 'assignee'] as const) users[who] = await confirmed(who);
  for (const role of OTHER_ROLES) users[role] = await confirmed(role, role);
  const made = await system.admin.ok('POST /api/admin/api-keys', { name: 'matrix', requestsPerMinute: 100_000 });
  key = made.body.key;
  subject = await confirmed('Subject');
}, 120_000);
afterAll(() => system?.remove());

/** A user whose address an admin has confirmed. */
async function confirmed(name: string, role?: Role): Promise<User> {
  const user = await system.register(name);
  await users.admin.ok(`POST /api/users/${user.id}/confirm`);
  if (role) await users.admin.ok(`PUT /api/users/${user.id}/role`, { role });
  return user;
}

function callOf(who: Asker): Call {
  if (who === 'nobody') return system.call;
  return who === 'key' ? caller(system.url, key) : users[who].call;
}

/** A task of the owner's, which is the assignee's work. */
async function task(): Promise<string> {
  const { body } = await users.owner.ok('POST /api/tasks', { title: 'Replace the lamp' });
  await users.owner.ok(`PUT /api/tasks/${body.id}/assignee`, { userId: users.assignee.id });
  await expect.poll(async () => (await users.assignee.call(`GET /api/tasks/${body.id}`)).status).toBe(200);
  return body.id;
}

/** A file of the owner's on such a task, which can be fetched. */
async function file(): Promise<string> {
  const parts = { task: await task(), file: { name: 'a.txt', bytes: Buffer.from('What the lamp looks like.') } };
  const { body, status, text } = await upload({ url: system.url(), user: users.owner }, parts);
  expect(status, text).toBeLessThan(300);
  await expect.poll(async () => (await users.owner.call(`GET /api/media/${body.id}/url`)).status).toBe(200);
  return body.id;
}

/** An order of the owner's. */
async function order(): Promise<string> {
  const items = [{ sku: 'lamp-e27', quantity: 2, unitPrice: { amount: 1299, currency: 'EUR' } }];
  const { body } = await users.owner.ok('POST /api/orders', { email: users.owner.email, items });
  await expect.poll(async () => (await users.owner.call(`GET /api/orders/${body.id}`)).status).toBe(200);
  return body.id;
}

/** A line of the owner's inbox: who is assigned finished the owner's task. */
async function inboxLine(): Promise<string> {
  const id = await task();
  await users.assignee.ok(`PUT /api/tasks/${id}/status`, { status: 'in-progress' });
  await expect.poll(async () => (await users.owner.ok('GET /api/inbox')).body.items.length).toBeGreaterThan(0);
  return (await users.owner.ok('GET /api/inbox')).body.items[0].id;
}

/** A message that the backend with the key asked for. */
async function notification(): Promise<string> {
  const { body } = await callOf('key')('POST /api/notifications/send', { type: 'email', recipient: 'a@example.org', content: 'It is here.' });
  await expect.poll(async () => (await callOf('key')(`GET /api/notifications/${body.id}`)).status).toBe(200);
  return body.id;
}

async function session(): Promise<string> {
  const { email, password } = users.owner;
  await system.call('POST /api/login', { email, password });
  const { items } = (await users.owner.ok('GET /api/sessions')).body;
  return items.find((one: { current: boolean }) => !one.current).id;
}

/** A site with a unit in which the owner lives. */
async function site(): Promise<string> {
  const { id } = (await users.admin.ok('POST /api/sites', { name: 'Linden Court', address: 'Lindenstraße 12', timeZone: 'Europe/Berlin' })).body;
  const { place } = (await users.admin.ok(`POST /api/sites/${id}/places`, { kind: 'unit', name: 'Flat 3' })).body;
  const lived = await users.admin.ok(`POST /api/sites/${id}/residents`, { unit: place, userId: users.owner.id });
  const empty = (await users.admin.ok(`POST /api/sites/${id}/places`, { kind: 'place', name: 'Hall' })).body.place;
  await expect.poll(async () => (await users.owner.call(`GET /api/sites/${id}`)).status).toBe(200);
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const { entry } = (await users.admin.ok(`POST /api/sites/${id}/blocked`, { name: 'Max Grob', reason: 'Broke a door', until })).body;
  within = { place: empty, unit: place, residency: lived.body.residency, entry };
  return id;
}

/** An asset in the unit in which the owner lives, which is out of service. */
async function asset(): Promise<string> {
  const { body } = await users.admin.ok('POST /api/assets', await newAsset());
  await users.admin.ok(`POST /api/assets/${body.id}/downtime`, { reason: 'It drips.' });
  await expect.poll(async () => (await users.owner.call(`GET /api/assets/${body.id}`)).status).toBe(200);
  return body.id;
}

/** An asset whose label has a link. */
async function label(): Promise<string> {
  const id = await asset();
  const { link } = (await users.admin.ok(`GET /api/assets/${id}/link`)).body;
  within = { ...within, token: link.split('/').at(-1) };
  return id;
}

/** A request without an account, of which somebody has the link. */
async function tracked(): Promise<string> {
  const id = await label();
  const { body } = await system.call(`POST /api/assets/by-link/${within.token}/repairs`, { title: 'It drips' });
  const token = body.tracking.split('/').at(-1);
  await expect.poll(async () => (await system.call(`GET /api/repairs/track/${token}`)).status).toBe(200);
  within = { ...within, token };
  return id;
}

/** A complaint of the owner's. */
async function complaint(): Promise<string> {
  const { body } = await users.owner.ok('POST /api/complaints', await newComplaint());
  await expect.poll(async () => (await users.owner.call(`GET /api/complaints/${body.id}`)).status).toBe(200);
  return body.id;
}

/** What files a complaint of a site where the owner lives. */
async function newComplaint(): Promise<object> {
  return { site: await site(), cause: 'heating', subject: 'It is cold', text: 'It has been cold since Monday.' };
}

/** What registers an asset at a site with a kind of its own. */
async function newAsset(): Promise<object> {
  const id = await site();
  await users.admin.ok(`PUT /api/sites/${id}/asset-kinds`, { kinds: [{ kind: 'Boiler', fields: [] }] });
  return { site: id, kind: 'Boiler', name: 'Boiler of flat 3', place: within.unit };
}

/** A request of the owner's, which is done, with a line of cost. */
async function repair(): Promise<string> {
  const id = await site();
  const { body } = await users.owner.ok('POST /api/repairs', { site: id, place: within.unit, title: 'It drips' });
  const of = `/api/repairs/${body.id}`;
  within = { cost: (await users.admin.ok(`POST ${of}/costs`, { text: 'A seal', price: { amount: 100, currency: 'EUR' } })).body.cost };
  await users.admin.ok(`PUT ${of}/assignee`, { userId: users.maintenance.id });
  await users.admin.ok(`PUT ${of}/state`, { state: 'done' });
  await expect.poll(async () => (await users.owner.call(`GET ${of}`)).status).toBe(200);
  return body.id;
}

/** The things inside the site that was made last, by their parameters. */
let within: Record<string, string> = {};

/** A visitor whom the owner expects in the own unit. */
async function visit(): Promise<string> {
  const id = await site();
  const [from, until] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
  const { body } = await users.owner.ok('POST /api/visitors', { site: id, unit: within.unit, name: 'Vera', from, until });
  await expect.poll(async () => (await users.owner.call(`GET /api/visitors/${body.id}`)).status).toBe(200);
  return body.id;
}

/** What no thing has. */
const NO_ID = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';

/** A thing of the owner's for each beginning of a path. A user is a new one, who is their own owner. */
const THINGS: readonly [start: string, make: () => Promise<string | User>][] = [
  ['/api/tasks/', task],
  ['/api/media/', file],
  ['/media/', file],
  ['/api/orders/', order],
  ['/api/sessions/', session],
  ['/api/notifications/:id/read', inboxLine],
  ['/api/notifications/', notification],
  ['/api/users/', async () => subject],
  ['/api/sites/', site],
  ['/api/assets/by-link/', label],
  ['/fault/', label],
  ['/api/assets/', asset],
  ['/api/repairs/track/', tracked],
  ['/api/repairs/', repair],
  ['/api/visitors/:id', visit],
  ['/api/complaints/', complaint],
];

const thingOf = ({ path }: RouteRow) => (path.includes(':') ? THINGS.find(([start]) => path.startsWith(start))?.[1] : undefined);
/** True where the path names one thing, and nothing in it that is not there. */
const hasThing = (row: RouteRow) =>
  thingOf(row) !== undefined && (row.path.split(':').length === 2 || ['/api/sites/', '/api/repairs/'].some((start) => row.path.startsWith(start)));

/** The path of a thing that was made for this one question, and its owner's call. */
async function target(row: RouteRow): Promise<{ path: string; owner: Call }> {
  const { path } = row;
  const made = (await thingOf(row)?.()) ?? NO_ID;
  const id = typeof made === 'string' ? made : made.id;
  if (path === '/api/tasks/:id/restore') await users.owner.ok(`DELETE /api/tasks/${id}`);
  return {
    path: path
      .replace(/:id\b/, id)
      .replace(':size', 'original')
      .replace(/:([a-zA-Z]+)/g, (_, name: string) => within[name] ?? NO_ID),
    owner: typeof made === 'string' ? users.owner.call : made.call,
  };
}

/** A body that is right, and does no harm to those who ask. */
const BODIES: Readonly<Record<string, () => unknown>> = {
  'POST /api/assets': newAsset,
  'POST /api/repairs': async () => ({ site: await site(), place: within.unit, title: 'It drips' }),
  'POST /api/complaints': newComplaint,
  'POST /api/complaints/anonymous': async () => ({ ...(await newComplaint()), final: true }),
  'PUT /api/tasks/:id/assignee': () => ({ userId: users.assignee.id }),
  'POST /api/media/direct': () => ({ name: 'a.txt', type: 'text/plain', bytes: 10 }),
  'PUT /api/media/:id/attachment': () => ({ of: { kind: 'user', id: users.owner.id } }),
  'PATCH /api/users/:id': () => ({ name: 'Somebody' }),
  'POST /api/sites/:id/residents': () => ({ unit: NO_ID, userId: users.owner.id }),
  'PUT /api/me/password': () => ({ current: 'not the password of anybody', new: 'another long phrase of mine' }),
  'POST /api/me/proof': () => ({ password: 'not the password of anybody' }),
};

async function ask(row: RouteRow, who: Asker): Promise<Reply> {
  const name = rowName(row);
  const body = (await BODIES[name]?.()) ?? row.example ?? undefined;
  const { path, owner } = await target(row);
  const call = who === 'owner' ? owner : callOf(who);
  const reply = await call(`${row.method} ${path}`, body ?? undefined);
  if (name.startsWith('DELETE /api/users/') && reply.status < 300) subject = await confirmed('Subject');
  if (name === 'POST /api/logout' && who !== 'nobody' && who !== 'key') users[who] = await logIn(system.url, users[who]);
  return reply;
}

/** Routes whose 401 is about what was sent, not about who sent it. */
const JUDGES_CREDENTIALS = ['POST /api/login', 'POST /api/login/second-factor', 'POST /api/token/refresh'];

/** True for an answer that is no refusal of the caller: what was asked for may still be wrong in itself, or not be there where there is no such thing. */
function isLetIn(row: RouteRow, { status }: Reply): boolean {
  expect(status, rowName(row)).toBeLessThan(500);
  if (status === 404) return row.who !== 'user' && !hasThing(row);
  return status !== 403 && (status !== 401 || JUDGES_CREDENTIALS.includes(rowName(row)));
}

const named = new Map(WHO_MAY.flatMap(({ who, routes }) => routes.map((route) => [route, who] as const)));

describe('every route', () => {
  it('stands in the table, once, and nothing else does', () => {
    expect(WHO_MAY.flatMap(({ routes }) => routes).sort()).toEqual(ALL_ROWS.map(rowName).sort());
  });

  it.each(ALL_ROWS.map((row) => [rowName(row), row] as const))('%s lets in whom the table names, and nobody else', async (name, row) => {
    const letIn: Asker[] = [];
    for (const who of ASKERS) if (isLetIn(row, await ask(row, who))) letIn.push(who);
    expect(letIn).toEqual(ASKERS.filter((who) => named.get(name)?.includes(who)));
  });
});

describe('lists', () => {
  it('hold nothing of somebody else’s: tasks, orders, messages, lines of an inbox, sessions', async () => {
    const things = [await task(), await order(), await inboxLine(), await notification(), await session()];
    for (const who of ['stranger', ...OTHER_ROLES] as const) {
      for (const list of ['/api/tasks', '/api/orders', '/api/notifications', '/api/inbox', '/api/sessions']) {
        const { text } = await users[who].ok(`GET ${list}`);
        for (const thing of things) expect(text, `${list} as ${who}`).not.toContain(thing);
      }
    }
  });
});
