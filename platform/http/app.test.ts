import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';
import { type Logger, pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import { Unavailable } from '../absences/unavailable.ts';
import { createApp } from './app.ts';
import type { Caller, Route } from './route.ts';

const row = (more: Pick<Route, 'method' | 'path' | 'handle'> & Partial<Route>): Route => ({ who: 'anyone', summary: '', tag: '', ...more });

const OPERATOR: Caller = { id: 'operator', role: 'admin', seesAll: true, sessionId: 'operator' };

const SECRET = 'a secret of these tests';

/** Starts an app of these routes that trusts a proxy; answers its port. */
async function started(
  routes: Route[],
  callerOf = (): Promise<Caller> => Promise.reject(new Error('nobody')),
  log: Logger = pino({ level: 'silent' }),
): Promise<number> {
  const app = createApp({
    routes,
    accessTokens: { secret: SECRET },
    callerOf,
    operator: () => OPERATOR,
    origins: [],
    trustProxy: true,
    log,
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

it('believes of X-Forwarded-For only what the proxy itself added: a client cannot count as another', async () => {
  const port = await started([row({ method: 'GET', path: '/ip', handle: ({ ip }) => ({ body: { ip } }) })]);
  const headers = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.7' };
  expect(await (await fetch(`http://127.0.0.1:${port}/ip`, { headers })).json()).toEqual({ ip: '203.0.113.7' });
});

it('takes a name in a path before a parameter, whatever the method, and says which methods that name has', async () => {
  const handle: Route['handle'] = () => ({ status: 204 });
  const port = await started([row({ method: 'GET', path: '/things/:id', handle }), row({ method: 'POST', path: '/things/send', handle })]);
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    const answer = await fetch(`http://127.0.0.1:${port}/things/send`, { method });
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, method === 'OPTIONS' ? 204 : 405, 'POST']);
  }
  expect((await fetch(`http://127.0.0.1:${port}/things/sent`)).status).toBe(400);
  expect((await fetch(`http://127.0.0.1:${port}/things/send`, { method: 'POST' })).status).toBe(204);
});

it.each([
  ['/nope', 404, 'There is nothing at /nope&#60;b&#62;.'],
  ['/teapot', 503, 'Not now &#38; not here.'],
])('shows what is wrong at %s in words on a page to whoever opens it in a browser, and a problem to all others', async (path, status, words) => {
  const handle = () => Promise.reject(new ProblemError('unavailable', 'Not now & not here.'));
  const port = await started([row({ method: 'GET', path: '/teapot', handle })]);
  const url = `http://127.0.0.1:${port}${path}${path === '/nope' ? '<b>' : ''}`;
  const page = await fetch(url, { headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' } });
  expect([page.status, page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
    status,
    'text/html; charset=utf-8',
    'no-store',
  ]);
  expect(await page.text()).toMatch(new RegExp(`<h1>Not (found|available right now)</h1><p>${path === '/nope' ? '.*nope' : words}.*<a href="/">`));
  for (const accept of ['*/*', 'application/json', 'application/json, text/html']) {
    const told = await fetch(url, { headers: { accept } });
    expect([told.status, told.headers.get('content-type'), (await told.json()).status]).toEqual([status, 'application/problem+json', status]);
  }
});

it('answers TRACE as any method that no row has, and nothing of what was sent', async () => {
  const port = await started([row({ method: 'GET', path: '/x', handle: () => ({ status: 204 }) })]);
  const text = await new Promise<string>((resolve, reject) => {
    const asked = request({ port, path: '/x', method: 'TRACE', headers: { 'X-Sent': 'a secret' } }, (answer) => {
      let body = `${answer.statusCode} `;
      answer.on('data', (part) => (body += part)).on('end', () => resolve(body));
    });
    asked.on('error', reject).end();
  });
  expect(text).toMatch(/^405 \{/);
  expect(text).not.toContain('a secret');
});

it.each([
  ['takes none', undefined],
  ['may have one', z.strictObject({ a: z.string().optional() })],
  ['wants one', z.strictObject({ a: z.string() })],
])('refuses a body of null where a row %s', async (_, body) => {
  const port = await started([row({ method: 'POST', path: '/x', ...(body ? { body } : {}), handle: () => ({ status: 204 }) })]);
  const answer = await fetch(`http://127.0.0.1:${port}/x`, { method: 'POST', body: 'null', headers: { 'Content-Type': 'application/json' } });
  expect([answer.status, await answer.json()]).toEqual([422, expect.objectContaining({ errors: [expect.objectContaining({ pointer: '' })] })]);
});

it('names a hundred wrong fields at most: the answer to a large body is a small one', async () => {
  const port = await started([row({ method: 'POST', path: '/x', body: z.strictObject({ a: z.string() }), handle: () => ({ status: 204 }) })]);
  const body = JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`field${index}`, 1])));
  const answer = await fetch(`http://127.0.0.1:${port}/x`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  expect(answer.status).toBe(422);
  const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
  expect(errors).toHaveLength(100);
  expect(errors[0]?.pointer).toBe('/a');
});

it('lets the operator’s token do what is for admins alone: what is for users would make a user of it in the log', async () => {
  const handle: Route['handle'] = () => ({ status: 204 });
  const port = await started([
    row({ method: 'POST', path: '/rebuild', who: ['admin'], handle }),
    row({ method: 'POST', path: '/tasks', who: 'user', handle }),
  ]);
  const headers = { Authorization: 'Bearer operator-token' };
  const post = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers })).status;
  expect(await post('/rebuild')).toBe(204);
  expect(await post('/tasks')).toBe(401);
});

it.each([5, -5])('takes a token for as long as it is good, and no longer, where the clock is set by %d hours after it was seen', async (hours) => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const port = await started([row({ method: 'GET', path: '/me', who: 'user', handle: () => ({ status: 204 }) })], async () => OPERATOR);
  const headers = { Authorization: `Bearer ${jwt.sign({ sub: 'alice' }, SECRET, { expiresIn: 900 })}` };
  const get = () => fetch(`http://127.0.0.1:${port}/me`, { headers });
  expect((await get()).status).toBe(204);
  vi.setSystemTime(Date.now() + hours * 3_600_000);
  expect((await get()).status).toBe(204);
  vi.advanceTimersByTime(900_000);
  const refused = await get();
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('expired')]);
});

it('answers 503 while what a row needs is away, by whatever error that shows itself, and says so once, without a stack', async () => {
  class LampUnavailable extends Unavailable {
    readonly dependency = 'the lamp';
    readonly answer = 'The lamp is out. Try again.';
    override readonly retryAfter = 7;
  }
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const cause = () => new LampUnavailable('lamp.example.org: connection refused');
  const port = await started(
    [
      row({ method: 'GET', path: '/light', handle: () => Promise.reject(cause()) }),
      row({ method: 'GET', path: '/room', handle: () => Promise.reject(new Error('no light', { cause: cause() })) }),
      row({ method: 'GET', path: '/bug', handle: () => Promise.reject(new TypeError('a bug')) }),
    ],
    undefined,
    log,
  );
  for (let n = 0; n < 20; n++)
    for (const path of ['/light', '/room']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([503, '7', 'application/problem+json']);
      expect(await answer.json()).toMatchObject({ code: 'unavailable', detail: 'The lamp is out. Try again.' });
    }
  const about = (text: string) => lines.filter((line) => line.includes(text));
  expect(about('lamp.example.org')).toEqual([
    expect.stringMatching(/^\{"level":50.*the lamp cannot be used: lamp\.example\.org: connection refused/),
  ]);
  expect(about('stack')).toEqual([]);
  expect((await fetch(`http://127.0.0.1:${port}/bug`)).status).toBe(500);
  expect(about('a bug')).toHaveLength(1);
});

it('lets no cache keep an answer to a caller, nor to what changes something, but where its row says so; an ETag is compared all the same', async () => {
  const handle: Route['handle'] = () => ({ body: { a: 1 } });
  const own: Route['handle'] = () => ({ body: { a: 1 }, headers: { 'Cache-Control': 'private, max-age=60' } });
  const who: Route['who'] = ['admin'];
  const port = await started([
    row({ method: 'GET', path: '/private', who, handle }),
    row({ method: 'PUT', path: '/private', who, handle: () => ({ status: 204 }) }),
    row({ method: 'GET', path: '/own', who, handle: own }),
    row({ method: 'GET', path: '/for-anyone', handle }),
    row({ method: 'POST', path: '/for-anyone', handle }),
  ]);
  const ask = (method: string, path: string, headers = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { Authorization: 'Bearer operator-of-this-machine', ...headers } });
  const kept = async (method: string, path: string) => (await ask(method, path)).headers.get('cache-control');
  expect(await kept('GET', '/private')).toBe('no-store');
  expect(await kept('PUT', '/private')).toBe('no-store');
  expect(await kept('GET', '/own')).toBe('private, max-age=60');
  expect(await kept('GET', '/for-anyone')).toBe('private, no-cache');
  expect(await kept('POST', '/for-anyone')).toBe('no-store');
  const known = await ask('GET', '/private', { 'If-None-Match': (await ask('GET', '/private')).headers.get('etag') });
  expect([known.status, known.headers.get('cache-control')]).toEqual([304, 'no-store']);
});

it('tells what is no bearer token from a wrong one, and takes a token however many blanks are before it', async () => {
  const anybody: Caller = { id: 'somebody', role: 'member', seesAll: false, sessionId: 'a session' };
  const port = await started([row({ method: 'GET', path: '/x', who: 'user', handle: () => ({ status: 204 }) })], async () => anybody);
  const ask = async (authorization: string) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}/x`, { headers: { authorization } });
    return [status, headers.get('www-authenticate')];
  };
  const token = jwt.sign({ sub: 'somebody' }, SECRET, { expiresIn: 600 });
  for (const scheme of ['Bearer ', 'bearer ', 'Bearer   ']) expect(await ask(`${scheme}${token}`), scheme).toEqual([204, null]);
  for (const other of ['Basic eA==', 'Bearerx y', token]) expect(await ask(other), other).toEqual([401, 'Bearer']);
  for (const wrong of ['Bearer x', 'Bearer', `Bearer ${token} x`])
    expect(await ask(wrong), wrong).toEqual([401, expect.stringContaining('invalid_token')]);
});

it('answers OPTIONS of all that is here, with every method', async () => {
  const { status, headers } = await bare(await started([]), 'OPTIONS', '*');
  expect([status, headers.allow]).toEqual([204, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']);
});

it.each([
  ['application/json; charset=utf-16', 415],
  ['application/json; charset="ISO-8859-1"', 415],
  ['application/json;charset="UTF-8"', 204],
  ['application/json; x=y; charset=utf-8', 204],
  ['text/json', 415],
])('a body of the type %s is answered %i', async (type, status) => {
  const port = await started([row({ method: 'POST', path: '/x', body: z.unknown(), handle: () => ({ status: 204 }) })]);
  const answer = await fetch(`http://127.0.0.1:${port}/x`, { method: 'POST', body: '{}', headers: { 'content-type': type } });
  expect([answer.status, answer.headers.get('accept')]).toEqual([status, status === 415 ? 'application/json' : null]);
});

it('a body where none belongs is refused in plain words', async () => {
  const port = await started([row({ method: 'DELETE', path: '/x', handle: () => ({ status: 204 }) })]);
  const ask = async (body?: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/x`, {
      method: 'DELETE',
      ...(body && { body, headers: { 'content-type': 'application/json' } }),
    });
    return answer.status === 204 ? 204 : (await answer.json()).errors;
  };
  for (const body of ['null', '""', '[]', '7']) expect(await ask(body), body).toEqual([{ pointer: '', detail: 'must be an object' }]);
  for (const body of ['{}', undefined]) expect(await ask(body)).toBe(204);
});

/** Asks for what fetch does not. */
async function bare(port: number, method: string, path: string): Promise<{ status: number | undefined; headers: IncomingHttpHeaders }> {
  const asked = request({ port, host: '127.0.0.1', method, path }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return { status: answer.statusCode, headers: answer.headers };
}
