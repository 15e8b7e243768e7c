import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { type BareClient, bareClient } from '../../system/bare-tcp.fixture.ts';
import { createApp } from './app.ts';
import { BODY_LIMIT } from './body.ts';
import { listen } from './listen.ts';
import type { Route } from './route.ts';

const ROW = { who: 'anyone', summary: '', tag: '', body: z.unknown() } as const;
const handle: Route['handle'] = () => ({ status: 204 });

/** An app that takes few requests at once and few slow bodies of one network, which X-Forwarded-For names. */
async function started({ inFlight = 20, slowBodies = 1_000 } = {}) {
  const app = createApp({
    routes: [
      { ...ROW, method: 'POST', path: '/x', handle },
      { ...ROW, method: 'GET', path: '/y', body: null, handle },
    ],
    accessTokens: { secret: 'a secret' },
    callerOf: () => Promise.reject(new Error('nobody')),
    origins: [],
    trustProxy: true,
    log: pino({ level: 'silent' }),
    inFlight,
    slowBodies,
  });
  const { url, close } = await listen(app.callback(), { PORT: 0, HOST: '127.0.0.1' }, { farewell: 100 });
  onTestFinished(close);
  const post = async (ip: string, body: string) => {
    const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': ip };
    const answer = await fetch(`${url}/x`, { method: 'POST', body, headers });
    await answer.body?.cancel();
    return answer.status;
  };
  return { url, port: Number(new URL(url).port), post };
}

/** A request whose body never ends: chunked, of which `sent` has come. */
const unfinished = (port: number, ip: string, sent: string): BareClient => {
  const head = `POST /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${ip}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  return bareClient(port, `${head}${sent.length.toString(16)}\r\n${sent}\r\n`);
};

it('bodies that trickle are not at work: many more than may be at work make no row answer 503', async () => {
  const { port, url, post } = await started();
  const trickling = Array.from({ length: 200 }, () => unfinished(port, '192.0.2.1', '{'));
  for (let n = 0; n < 30; n++) {
    expect(await post('192.0.2.1', '{}')).toBe(204);
    expect((await fetch(`${url}/y`)).status).toBe(204);
    for (const { socket } of trickling) socket.write('1\r\n \r\n');
  }
  expect(trickling.map(({ received }) => received()).join('')).toBe('');
});

it('slow bodies of one network are bounded: the slowest gives way with 429, and those of another network and quick ones stay', async () => {
  const { port, post } = await started({ slowBodies: 5 });
  const other = unfinished(port, '198.51.100.1', '{');
  const better = unfinished(port, '192.0.2.1', `{"a":"${'x'.repeat(30_000)}`);
  const trickling = Array.from({ length: 12 }, () => unfinished(port, '192.0.2.1', '{'));
  const refused = () => trickling.filter(({ received }) => /^HTTP\/1\.1 429 /.test(received()));
  await vi.waitFor(() => expect(refused()).toHaveLength(8));
  const [first] = refused().map(({ received }) => received());
  for (const part of ['Retry-After: 1', 'application/problem+json', '"code":"limited"']) expect(first).toContain(part);
  expect(await post('192.0.2.1', '{}')).toBe(204);
  for (const { socket } of [better, other]) socket.write('2\r\n"}\r\n0\r\n\r\n');
  await better.hears(/^HTTP\/1\.1 204 /);
  // A text that is no JSON has arrived all the same.
  await other.hears(/^HTTP\/1\.1 400 /);
});

it('64 bodies without an end keep no other out: nothing is kept free for what they do not send', async () => {
  const { port, post } = await started();
  for (let n = 0; n < 64; n++) unfinished(port, '192.0.2.1', '{');
  for (let n = 0; n < 3; n++) expect(await post('192.0.2.1', JSON.stringify('x'.repeat(500_000)))).toBe(204);
});

it('bodies that are not whole hold so many bytes and no more: the slowest of who holds most gives way, and no other network', async () => {
  const { port, post } = await started();
  const other = unfinished(port, '198.51.100.1', `"${'x'.repeat(500_000)}`);
  const large = Array.from({ length: 80 }, () => unfinished(port, '192.0.2.1', `"${'x'.repeat(BODY_LIMIT - 10)}`));
  await vi.waitFor(() => expect(large.filter(({ received }) => /^HTTP\/1\.1 429 /.test(received())).length).toBeGreaterThanOrEqual(80 - 68));
  expect(await post('203.0.113.1', JSON.stringify('x'.repeat(500_000)))).toBe(204);
  other.socket.write('1\r\n"\r\n0\r\n\r\n');
  await other.hears(/^HTTP\/1\.1 204 /);
});
