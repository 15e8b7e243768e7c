/** What holds of every row there is, whatever it does: its headers, its methods, and its HEAD. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ALL_ROWS, rowName } from '../app/rows.ts';
import { namedFirst } from '../platform/http/paths.ts';
import type { RouteRow } from '../platform/http/route.ts';
import { problemOf } from './client.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
let system: Installation;

beforeAll(async () => {
  system = await openInstallation({ PUBLIC_URL: 'https://tasks.example.org' });
});
afterAll(() => system?.remove());

const pathOf = ({ path }: Pick<RouteRow, 'path'>) => path.replaceAll(/:\w+/g, NOBODY);

it.each(ALL_ROWS.map((row) => [rowName(row), row] as const))('%s has the headers of all answers, and names its methods', async (_, row) => {
  // Of a row that changes something the refusal is looked at: nobody is logged in.
  const answers = [await system.call(`${row.method} ${pathOf(row)}`)];
  const ofPath = ALL_ROWS.filter((one) => pathOf(one) === pathOf(row)).map(({ method }) => method);
  const other = METHODS.find((method) => !(ofPath as string[]).includes(method));
  if (other) {
    const refused = await system.call(`${other} ${pathOf(row)}`);
    expect(problemOf(refused)).toEqual({ status: 405, code: 'method_not_allowed', pointers: [] });
    answers.push(refused);
    const allowed = (refused.headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
    expect(allowed.toSorted()).toEqual([...new Set(ofPath)].toSorted());
    expect((await system.call(`OPTIONS ${pathOf(row)}`)).headers.get('allow')).toBe(refused.headers.get('allow'));
  }
  for (const { status, headers } of answers) {
    expect(status).toBeLessThan(500);
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=31536000/);
    expect([headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual(['nosniff', 'no-referrer']);
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    if (status >= 400) expect([headers.get('cache-control'), headers.get('content-type')]).toEqual(['no-store', 'application/problem+json']);
  }
});

/** Headers that may differ from one answer to the next. */
const OF_ONE_ANSWER = ['date', 'x-request-id', 'keep-alive', 'connection', 'transfer-encoding'];
/** Rows whose answers have times or counts of requests in them. */
const CHANGE = ['/metrics', '/api/admin/audit', '/api/sessions', '/readyz', '/api/admin/queues', '/api/me'];
const reads = namedFirst(ALL_ROWS).filter(({ method, path }) => method === 'GET' && !CHANGE.includes(path) && !path.startsWith('/api/oidc/'));

it.each(reads.map((row) => [row.path, row] as const))('HEAD %s answers as GET does, without a body', async (_, row) => {
  const ask = async (method: string) => {
    const { status, headers, text } = await system.admin.call(`${method} ${pathOf(row)}`);
    return { status, headers: Object.fromEntries([...headers].filter(([name]) => !OF_ONE_ANSWER.includes(name))), text };
  };
  // What a process does in the background may come between the two.
  await vi.waitFor(async () => {
    const [get, head] = [await ask('GET'), await ask('HEAD')];
    expect(head).toEqual({ ...get, text: '' });
  });
});
