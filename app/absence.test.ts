import { hostname } from 'node:os';
import process, { pid } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signatureOf } from '../notifier/texter/http/signature.ts';
import { reportUrl } from '../notifier/texter/report-routes.ts';
import { caller, logIn, type Reply, type User } from '../system/client.fixture.ts';
import { DEPENDENCIES, type Dependency, openDependent } from './absence.fixture.ts';
import { ALL_ROWS, rowName } from './rows.ts';

const ADMIN = { name: 'Administrator', email: 'admin@localhost.localdomain', password: 'the admin of the tests' };
const BOB = { name: 'Bob', email: 'bob@example.org', password: 'a long phrase of his' };
/** A provider of SMS that nobody is sent to here. */
const SMS_TOKEN = 'the token of the account';
const SMS_URL = `http://account:${encodeURIComponent(SMS_TOKEN)}@127.0.0.1:9/Messages.json`;
const NOBODY = '5f1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a02';

type Row = (typeof ALL_ROWS)[number];

/** The rows in the order in which they are asked: what reads before what changes, and what ends something last. */
const ROWS_IN_ORDER = [...ALL_ROWS].sort((a, b) => weight(a) - weight(b));

function weight({ method, path }: Row): number {
  if (/logout|sessions|me\/password/.test(path) && method !== 'GET') return 3;
  return method === 'GET' ? 0 : method === 'DELETE' ? 2 : 1;
}

/** An installation with one thing of each kind, in which everybody is logged in. */
async function furnished() {
  const process = await openDependent({ ADMIN_PASSWORD: ADMIN.password, REGISTRATION_LIMIT: '1000', SMS_URL, SMS_FROM: '+4930123456' });
  const admin = await logIn(() => process.url, ADMIN);
  await admin.ok('POST /api/users', BOB);
  const { body: carol } = await admin.ok('POST /api/users', { ...BOB, name: 'Carol', email: 'carol@example.org' });
  const { body: task } = await admin.ok('POST /api/tasks', { title: 'Lamp' });
  const { body: order } = await admin.ok('POST /api/orders', exampleOf('POST /api/orders'));
  const { body: notification, headers } = await admin.ok('POST /api/notifications/send', exampleOf('POST /api/notifications/send'));
  const { body: key } = await admin.ok('POST /api/admin/api-keys', { name: 'shop' });
  await admin.ok('GET /api/tasks', undefined, { 'read-after': headers.get('position') ?? '' });
  await admin.ok('GET /api/notifications', undefined, { 'read-after': headers.get('position') ?? '' });
  const ids: Record<string, string> = { users: carol.id, tasks: task.id, orders: order.id, notifications: notification.id, 'api-keys': key.id };
  return { process, admin, ids };
}
type Furnished = Awaited<ReturnType<typeof furnished>>;

function exampleOf(name: string): unknown {
  return ALL_ROWS.find((row) => rowName(row) === name)?.example;
}

/** The path of a row, with ids of things that are there, where there are such. */
function pathIn({ path }: Row, ids: Record<string, string>): string {
  const kind = path.split('/').findLast((_, index, parts) => parts[index + 1] === ':id');
  return path
    .replace(':id', ids[kind ?? ''] ?? NOBODY)
    .replace(':name', 'task_list')
    .replace(':follower', 'task_mail')
    .replace(':stream', `task-${NOBODY}`)
    .replace(':file', 'nothing.js');
}

/** Asks for a row in the name of a user. */
function ask(row: Row, { call, refreshToken }: User, { process: { url }, ids }: Furnished): Promise<Reply> {
  const own: Record<string, unknown> = {
    'POST /api/login': { email: BOB.email, password: BOB.password },
    'POST /api/token/refresh': { refreshToken },
    'PUT /api/me/password': { current: BOB.password, new: 'another long phrase' },
  };
  const body = own[rowName(row)] ?? row.example ?? undefined;
  const what = `${row.method} ${pathIn(row, ids)}`;
  if (!row.form) return call(what, body);
  const form = body as Record<string, string>;
  const signature = signatureOf(reportUrl(url, ids.notifications ?? ''), form, SMS_TOKEN);
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
  return call(what, new URLSearchParams(form).toString(), headers);
}

/** Asks for every row while a dependency is away, in the name of users whom the process remembers. */
async function statuses(installation: Furnished, lost: Dependency | null): Promise<Record<string, Reply>> {
  const { process, admin } = installation;
  const found: Record<string, Reply> = {};
  for (const row of ROWS_IN_ORDER) {
    const user = weight(row) === 3 ? await logIn(() => process.url, BOB) : admin;
    await user.ok('GET /api/me');
    process.lose(lost);
    found[rowName(row)] = await ask(row, user, installation);
    process.lose(null);
  }
  return found;
}

/** What each dependency is surely needed for. */
const NEEDED: Record<Dependency, string[]> = {
  store: [
    'POST /api/tasks',
    'PATCH /api/tasks/:id',
    'GET /api/tasks/:id/history',
    'POST /api/users',
    'GET /api/admin/parked',
    'POST /api/notifications/:id/sms-status',
    'GET /readyz',
  ],
  bus: ['GET /api/admin/queues'],
  readModels: ['GET /api/tasks', 'GET /api/tasks/:id', 'GET /api/inbox', 'GET /api/orders', 'GET /api/admin/projections', 'GET /readyz'],
  secrets: ['POST /api/login', 'POST /api/users', 'POST /api/token/refresh', 'GET /api/sessions', 'PUT /api/me/password', 'GET /api/admin/api-keys'],
  cache: [],
  mailer: ['GET /outbox'],
  texter: [],
  files: [],
};

let well: Record<string, Reply>;
beforeAll(async () => {
  const installation = await furnished();
  well = await statuses(installation, null);
  await installation.process.stop();
}, 120_000);

it('every row has an answer while nothing is away', () => {
  expect(Object.entries(well).filter(([, { status }]) => status >= 500)).toEqual([]);
});

describe.each(DEPENDENCIES)('while %s is away', (dependency) => {
  let installation: Furnished;
  let replies: Record<string, Reply>;
  beforeAll(async () => {
    installation = await furnished();
    replies = await statuses(installation, dependency);
  }, 120_000);
  afterAll(() => installation?.process.stop());

  it('every row is 503 with Retry-After, or the true answer', () => {
    const answers = Object.entries(replies).map(([name, { status }]) => [name, status]);
    expect(answers).toEqual(answers.map(([name = '', status]) => [name, status === 503 ? 503 : well[name]?.status]));
    for (const { headers, body } of Object.values(replies).filter(({ status }) => status === 503)) {
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(body).toMatchObject({ code: 'unavailable', status: 503 });
    }
  });

  it('no refusal names a host, a port or a process of ours', () => {
    const { port } = new URL(installation.process.url);
    const ours = [hostname(), '127.0.0.1', 'localhost:', `:${port}`, `pid ${pid}`, process.cwd()];
    const refused = Object.entries(replies).filter(([name, { status }]) => status >= 400 && name !== 'GET /readyz');
    expect(refused.length).toBeGreaterThan(0);
    for (const [name, { text }] of refused) for (const one of ours) expect(text, name).not.toContain(one);
  });

  it('what needs it is 503', () => {
    expect(NEEDED[dependency].filter((name) => replies[name]?.status !== 503)).toEqual([]);
  });

  it('a caller whom the process does not remember hears 503, or is let in', async () => {
    const { process } = installation;
    const [user, other] = [await logIn(() => process.url, ADMIN), await logIn(() => process.url, ADMIN)];
    const { body } = await other.ok('POST /api/admin/api-keys', { name: 'another shop' });
    process.lose(dependency);
    const [byToken, byKey] = [await user.call('GET /api/me'), await caller(() => process.url, body.key)('GET /api/notifications')];
    process.lose(null);
    for (const reply of [byToken, byKey])
      expect(reply.status === 503 ? reply.headers.get('retry-after') : reply.status, reply.text).toBeOneOf(['1', '2', 200]);
  });
});
