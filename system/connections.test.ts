/** What clients may do with their connections, seen from outside: no request, upgrade or half-open connection keeps a descriptor or the end. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bareClient, HTTP2_PREFACE, upgradeRequest, websocketRequest } from './bare-tcp.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

/** Of a process that has some forty open by itself. */
const MOST_DESCRIPTORS = 120;

let running: Installation;
beforeAll(async () => {
  running = await openInstallation();
  execFileSync('prlimit', ['--pid', String(running.program().pid), `--nofile=${MOST_DESCRIPTORS}`]);
}, 120_000);
afterAll(() => running?.remove());

const port = () => Number(new URL(running.url()).port);
const descriptors = () => readdirSync(`/proc/${running.program().pid}/fd`).length;
const READY = 'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const ANSWERED = /^HTTP\/1\.1 200 OK/;
const patience = { timeout: 15_000, interval: 50 };

it.each([
  ['/livez', 'h2c', 200],
  ['/api/tasks', 'h2c', 401],
  ['/socket.io/?EIO=4&transport=polling', 'h2c', 400],
  ['/socket.iox', 'websocket', 404],
  ['/socket.io/x', 'websocket', 400],
  ['/livez', 'websocket', 200],
])('%s, asked with Upgrade: %s, is answered %d like any request', async (path, protocol, status) => {
  const answer = await bareClient(port(), upgradeRequest(path, protocol)).hears(/\r\n\r\n(.|\s)*\}/);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  if (status === 404) expect(answer).toMatch(/\r\nContent-Type: application\/problem\+json(.|\s)*"code":"not_found"/i);
});

it.each([
  ['asked for h2c and then say more', () => upgradeRequest('/livez', 'h2c'), HTTP2_PREFACE],
  ['asked for h2c and say more at once', () => upgradeRequest('/livez', 'h2c') + HTTP2_PREFACE, ''],
  ['asked for a websocket elsewhere', () => websocketRequest('/socket.iox'), 'more'],
  ['asked for a websocket of another version', () => websocketRequest('/socket.io/?EIO=9&transport=websocket'), 'more'],
  ['asked for a websocket as nothing', () => websocketRequest('/socket.io/'), 'more'],
  ['asked for a websocket without its key', () => upgradeRequest('/socket.io/?EIO=4&transport=websocket', 'websocket'), 'more'],
])('300 that %s, close their side alone, and stay so, leave no descriptor', { timeout: 60_000 }, async (_name, request, more) => {
  const before = descriptors();
  for (let n = 0; n < 300; n++) {
    const client = bareClient(port(), request());
    await client.hears(/^HTTP\/1\.1 \d/);
    client.socket.end(more);
  }
  await expect.poll(descriptors, patience).toBeLessThan(before + 10);
  await bareClient(port(), READY).hears(ANSWERED);
});

it('more clients than there are descriptors, who ask for h2c and keep their connections, shut nobody out for long', { timeout: 60_000 }, async () => {
  for (let n = 0; n < MOST_DESCRIPTORS; n++) bareClient(port(), upgradeRequest('/livez', 'h2c') + HTTP2_PREFACE);
  await expect
    .poll(async () => {
      const client = bareClient(port(), READY);
      await once(client.socket, 'end').catch(() => {});
      return client.received();
    }, patience)
    .toMatch(ANSWERED);
});

it('SIGTERM ends it with 0 within 10 s while clients hold connections of every kind', { timeout: 60_000 }, async () => {
  const clients = [
    bareClient(port()),
    bareClient(port(), 'GET /livez'),
    bareClient(port(), 'POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{'),
    bareClient(port(), 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'),
    bareClient(port(), 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100), { reads: false }),
    bareClient(port(), websocketRequest()),
    bareClient(port(), websocketRequest(), { reads: false }),
    bareClient(port(), upgradeRequest('/livez', 'h2c')),
    bareClient(port(), upgradeRequest('/livez', 'h2c') + HTTP2_PREFACE),
    bareClient(port(), websocketRequest('/socket.iox')),
    bareClient(port(), websocketRequest('/socket.io/')),
  ];
  const closedByUs = clients[7];
  await closedByUs?.hears(/200 OK/);
  closedByUs?.socket.end();
  await clients[5]?.hears(/^HTTP\/1\.1 101 /);
  const before = performance.now();
  expect(await running.stop(), running.output()).toEqual({ code: 0, signal: null });
  expect(performance.now() - before).toBeLessThan(10_000);
});
