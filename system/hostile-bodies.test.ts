/** Bodies of ill will, on every row that takes one: each gets a problem or is taken, nothing is a failure of ours, and what was refused is not recorded. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALL_ROWS, rowName } from '../app/rows.ts';
import type { RouteRow } from '../platform/http/route.ts';
import type { Reply, User } from './client.fixture.ts';
import { type HostileBody, hostileBodies } from './hostile-bodies.fixture.ts';
import { mailsSettle } from './mails.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

/** The rows that take a body. */
const ROWS = ALL_ROWS.filter(({ body, form, stream }) => body || form || stream);

interface Sent extends HostileBody {
  row: RouteRow;
  what: string;
}

let system: Installation;
let user: User;
let ids: Record<string, string>;

beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
  user = await system.register('Mallory');
  const task = await system.admin.ok('POST /api/tasks', { title: 'Here to be changed' });
  const items = [{ sku: 'lamp', quantity: 1, unitPrice: { amount: 1, currency: 'EUR' } }];
  const order = await system.admin.ok('POST /api/orders', { email: user.email, items });
  ids = { tasks: task.body.id, orders: order.body.id, users: user.id };
}, 120_000);
afterAll(() => system?.remove());

/** The path of a row, of a thing that is there where we have one. */
function pathOf({ path }: RouteRow): string {
  const [, , of = ''] = path.split('/');
  return path.replace(/:id\b/g, ids[of] ?? '00000000-0000-4000-8000-000000000000').replace(/:\w+/g, 'x');
}

/** Every body of the table, for every row. */
function table(): Sent[] {
  return ROWS.flatMap((row) => {
    const example = (row.example ?? { name: 'a.txt', token: 'x' }) as Record<string, unknown>;
    return hostileBodies(example).map((one) => ({ ...one, row, what: `${row.method} ${pathOf(row)}` }));
  });
}

const send = ({ what, body, headers }: Sent): Promise<Reply> => system.admin.call(what, body, { ...headers });

/** What is wrong with an answer; null where it is in order. */
function wrongIn({ row, fault }: Sent, { status, headers, text, body }: Reply): string | null {
  const isProblem = /^application\/problem\+json/.test(headers.get('content-type') ?? '') && body.status === status;
  return status < 300 || (status >= 400 && status < 500 && isProblem) ? null : `${rowName(row)}, ${fault}: ${status} ${text.slice(0, 200)}`;
}

/** Sends all, some at once; resolves to the answers in the same order. */
async function sendAll(all: readonly Sent[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (let at = 0; at < all.length; at += 8) replies.push(...(await Promise.all(all.slice(at, at + 8).map(send))));
  return replies;
}

/** What the secrets hold, but for the log of who was refused. */
function recorded(): unknown {
  const rows = (file: string, question: string) => {
    const database = new DatabaseSync(join(system.dataDir, file), { readOnly: true });
    const found = database.prepare(question).all();
    database.close();
    return found;
  };
  // A wrong code is counted in the record of the right one.
  return rows('secrets.db', "SELECT kind, key, iif(kind = 'codes', 0, version) AS version FROM secrets WHERE kind <> 'audit' ORDER BY kind, key");
}

it('whatever body is sent to any row, it is taken or refused with a problem, and what is refused is not recorded', { timeout: 600_000 }, async () => {
  const all = table();
  expect(ROWS.length).toBeGreaterThan(35);
  expect(all.length).toBeGreaterThan(2_000);
  const replies = await sendAll(all);
  expect(all.map((one, at) => wrongIn(one, replies[at] as Reply)).filter(Boolean)).toEqual([]);

  // What was refused is sent once more, while nothing else is under way.
  const refused = all.filter((_, at) => (replies[at]?.status ?? 0) >= 400);
  expect(refused.length).toBeGreaterThan(1_500);
  await mailsSettle(system.admin);
  const head = async () => (await system.admin.ok('GET /api/users?limit=1')).headers.get('position');
  const before = [await head(), recorded()];
  const again = await sendAll(refused);
  expect(refused.filter((_, at) => (again[at]?.status ?? 0) < 400).map(({ row, fault }) => `${rowName(row)}, ${fault}`)).toEqual([]);
  expect([await head(), recorded()]).toEqual(before);
  expect((await system.call('GET /readyz')).status).toBe(200);
  expect(system.output()).not.toMatch(/unexpected error|"level":[56]0/);
});
