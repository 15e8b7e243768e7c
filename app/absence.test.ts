import { hostname } from 'node:os';
import process, { pid } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageRoutes } from '../gateway/page-routes.ts';
import { rowsOf } from '../platform/http/route.ts';
import { caller, logIn, type Reply } from '../system/client.fixture.ts';
import { DEPENDENCIES, type Dependency } from './absence.fixture.ts';
import { ADMIN, type Furnished, furnish } from './furnished.fixture.ts';
import { ALL_ROWS, rowName } from './rows.ts';
import { REFUSED, type Row, readyToAsk, VALID } from './valid-requests.fixture.ts';

/** What each dependency is surely needed for. */
const NEEDED: Record<Dependency, string[]> = {
  store: [
    'POST /api/tasks',
    'PATCH /api/tasks/:id',
    'GET /api/tasks/:id/history',
    'POST /api/users',
    'POST /api/sites',
    'GET /media/:id/:size',
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
  files: ['GET /media/:id/:size', 'POST /api/media'],
};
type Question = Awaited<ReturnType<typeof readyToAsk>>;
type Replies = Record<string, Reply>;

const NAMES = ALL_ROWS.map(rowName);
let world: Furnished;
/** The answers to each row while nothing is away, and while each dependency is. */
const well: Replies = {};
const away = Object.fromEntries(DEPENDENCIES.map((lost) => [lost, {}])) as Record<Dependency, Replies>;
/** The answers to what was refused while a dependency was away, once nothing is away any more. */
const again: Replies = {};

/** Asks, in the name of somebody whom the process remembers, while a dependency is away. */
async function askedWithout(lost: Dependency | null, question: Question): Promise<Reply> {
  await question.remembered();
  world.asked.clear();
  world.process.lose(lost);
  try {
    return await question.ask();
  } finally {
    world.process.lose(null);
  }
}

/** True where the answer to a row may depend on a dependency: a query’s always; a command’s where it asked it for anything. */
const mayNeed = (row: Row, asked: ReadonlySet<Dependency>) => (lost: Dependency) =>
  row.method === 'GET' || asked.has(lost) || NEEDED[lost].includes(rowName(row));

/** Asks for a row while nothing is away, and while each dependency is. What was not refused has changed something, and the next question is about a thing of its own. */
async function askFor(row: Row): Promise<void> {
  const name = rowName(row);
  let question: Question | undefined = await readyToAsk(row, world);
  const done = (reply: Reply) => {
    if (reply.status !== 503 && row.method !== 'GET') question = undefined;
    return reply;
  };
  well[name] = done(await askedWithout(null, question));
  for (const lost of DEPENDENCIES.toReversed().filter(mayNeed(row, new Set(world.asked)))) {
    question ??= await readyToAsk(row, world);
    away[lost][name] = done(await askedWithout(lost, question));
  }
  if (question) again[name] = await askedWithout(null, question);
}

beforeAll(async () => {
  world = await furnish();
  for (const row of ALL_ROWS) await askFor(row);
}, 600_000);
afterAll(() => world?.stop());

it('every row of a thing has a valid request, or a reason why there is none here', () => {
  const named = [...Object.keys(VALID), ...Object.keys(REFUSED)];
  expect(named.filter((name) => !NAMES.includes(name))).toEqual([]);
  const pages = rowsOf(pageRoutes).map(rowName);
  expect(NAMES.filter((name) => name.includes('/:') && ![...named, ...pages].includes(name))).toEqual([]);
});

it('every row ends well while nothing is away, but for those that say why not', () => {
  const refused = Object.entries(well).filter(([, { status }]) => status >= 400);
  expect(Object.fromEntries(refused.map(([name, { status }]) => [name, status]))).toEqual(
    Object.fromEntries(Object.entries(REFUSED).map(([name, { status }]) => [name, status])),
  );
});

it('what was refused for an absence is carried out when it is asked for once more', () => {
  expect(Object.keys(again)).toEqual(expect.arrayContaining(['POST /api/tasks', 'POST /api/media', 'DELETE /api/users/:id']));
  const statuses = Object.entries(again).map(([name, { status }]) => [name, status]);
  expect(statuses).toEqual(statuses.map(([name = '']) => [name, well[name]?.status]));
});

describe.each(DEPENDENCIES)('while %s is away', (dependency) => {
  const replies = () => Object.entries(away[dependency]);

  it('every row is 503 with Retry-After, or the true answer', () => {
    const statuses = replies().map(([name, { status }]) => [name, status]);
    expect(statuses).toEqual(statuses.map(([name = '', status]) => [name, status === 503 ? 503 : well[name]?.status]));
    for (const [, { headers, body }] of replies().filter(([, { status }]) => status === 503)) {
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(body).toMatchObject({ code: 'unavailable', status: 503 });
    }
  });

  it('no refusal names a host, a port or a process of ours', () => {
    const { port } = new URL(world.process.url);
    const ours = [hostname(), '127.0.0.1', 'localhost:', `:${port}`, `pid ${pid}`, process.cwd()];
    const refused = replies().filter(([name, { status }]) => status >= 400 && name !== 'GET /readyz');
    expect(refused.length).toBeGreaterThan(0);
    for (const [name, { text }] of refused) for (const one of ours) expect(text, name).not.toContain(one);
  });

  it('what needs it is 503', () => {
    expect(NEEDED[dependency].filter((name) => away[dependency][name]?.status !== 503)).toEqual([]);
  });

  it('a caller whom the process does not remember hears 503, or is let in', async () => {
    const { url, lose } = world.process;
    const [user, other] = [await logIn(() => url, ADMIN), await logIn(() => url, ADMIN)];
    const { body } = await other.ok('POST /api/admin/api-keys', { name: 'another shop' });
    lose(dependency);
    const [byToken, byKey] = [await user.call('GET /api/me'), await caller(() => url, body.key)('GET /api/notifications')];
    lose(null);
    for (const reply of [byToken, byKey])
      expect(reply.status === 503 ? reply.headers.get('retry-after') : reply.status, reply.text).toBeOneOf(['1', '2', 200]);
  });
});
