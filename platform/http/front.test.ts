import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import type { RouteGate } from './admission.ts';
import { createApp } from './app.ts';
import { gateFinder } from './front.ts';
import type { Route } from './route.ts';

const ORIGIN = 'https://pages.example.org';
const ROW = { who: 'anyone', summary: 'A row of a test.', tag: 'test' } as const;

it.each([
  ['GET', '/api/tasks', 'list'],
  ['HEAD', '/api/tasks?limit=20', 'list'],
  ['GET', '/api/v1/tasks', 'list'],
  ['GET', '/api/tasks/?limit=20', 'list'],
  ['GET', '/api/tasks/7/', 'one'],
  ['POST', '/api/tasks', 'create'],
  ['GET', '/api/tasks/7', 'one'],
  ['GET', '/api/tasks/latest', 'latest'],
  ['DELETE', '/api/tasks/7', undefined],
  ['GET', '/api/tasks/7/history', undefined],
  ['GET', '*', undefined],
])('the front finds the gate of %s %s', (method, url, expected) => {
  const names = ['list', 'create', 'latest', 'one'];
  const rows = ['GET /api/tasks', 'POST /api/tasks', 'GET /api/tasks/latest', 'GET /api/tasks/:id'].map((text) => text.split(' '));
  const gates = names.map((name) => ({ name }) as unknown as RouteGate);
  const find = gateFinder(
    rows.map(([method, path], index) => ({ row: { method, path } as Pick<Route, 'method' | 'path'>, gate: gates[index] as RouteGate })),
  );
  expect(find({ method, url })).toEqual(expected && { name: expected });
});

it('a crowd is refused soon with Retry-After, in the metrics and in one line, while rows that are always let in answer', async () => {
  const lines: string[] = [];
  let refused = 0;
  const end = Promise.withResolvers<void>();
  const app = createApp({
    routes: [
      { ...ROW, method: 'POST', path: '/slow', handle: () => end.promise.then(() => ({ status: 204 })) },
      { ...ROW, method: 'GET', path: '/livez', always: true, handle: () => ({ body: 'lives' }) },
    ],
    accessTokens: { secret: 'a secret of these tests' },
    callerOf: () => Promise.reject(new Error('nobody')),
    origins: [ORIGIN],
    trustProxy: false,
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    refused: () => {
      refused++;
    },
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = () => fetch(`${url}/slow`, { method: 'POST', headers: { Origin: ORIGIN } });

  const all = Array.from({ length: 150 }, post);
  const answers = Promise.all(all);
  await expect.poll(() => refused).toBeGreaterThan(50);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  end.resolve();
  const statuses = (await answers).map(({ status }) => status);
  const no = (await answers).find(({ status }) => status === 503);
  expect(new Set(statuses)).toEqual(new Set([204, 503]));
  expect(statuses.filter((status) => status === 503)).toHaveLength(refused);
  expect(no?.headers.get('retry-after')).toMatch(/^[123]$/);
  expect(no?.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(await no?.json()).toMatchObject({ code: 'unavailable', status: 503, instance: no?.headers.get('x-request-id') });
  expect(lines.filter((line) => line.includes('"status":503'))).toEqual([]);
  expect(lines.filter((line) => line.includes('too many requests'))).toHaveLength(1);
  await expect.poll(async () => (await post()).status).toBe(204);
});
