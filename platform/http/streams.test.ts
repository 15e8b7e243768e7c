import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { bareClient } from '../../system/bare-tcp.fixture.ts';
import { Unavailable } from '../absences/unavailable.ts';
import { createApp } from './app.ts';
import { listen, type Patience } from './listen.ts';
import type { Answer, Route } from './route.ts';
import { withStream } from './stream-body.ts';

const log = pino({ level: 'silent' });
const ROW = { who: 'anyone', summary: '', tag: '' } as const;

async function started(
  routes: Route[],
  { trustProxy = false, ...patience }: Partial<Patience> & { trustProxy?: boolean } = {},
): Promise<{ port: number; url: string }> {
  const app = createApp({
    routes,
    accessTokens: { secret: 'a secret' },
    callerOf: () => Promise.reject(new Error('nobody')),
    origins: [],
    trustProxy,
    log,
  });
  const { url, close } = await listen(app.callback(), { PORT: 0, HOST: '127.0.0.1' }, { farewell: 100, ...patience });
  onTestFinished(close);
  return { url, port: Number(new URL(url).port) };
}

const answering = (open: () => Promise<Readable>, headers: Record<string, string> = {}): Route => ({
  ...ROW,
  method: 'GET',
  path: '/x',
  handle: (): Answer => ({ open, headers: { 'Content-Type': 'image/webp', 'Content-Length': '6', ETag: '"1"', ...headers } }),
});
const taking = (handle: Route['handle']): Route => ({ ...ROW, method: 'POST', path: '/x', stream: true, handle });
const reading = taking(async ({ stream }) => ({ body: { bytes: (await buffer(stream as IncomingMessage)).length } }));

it('answers with a stream, whose headers are the row’s', async () => {
  const { url } = await started([answering(async () => Readable.from([Buffer.from('abc'), Buffer.from('def')]))]);
  const answer = await fetch(`${url}/x`);
  expect([answer.status, await answer.text()]).toEqual([200, 'abcdef']);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-length': '6',
    'content-type': 'image/webp',
    etag: '"1"',
    'cache-control': 'private, no-cache',
  });
});

it('opens no stream for HEAD, nor for who has the bytes', async () => {
  const open = vi.fn(async () => Readable.from(['abcdef']));
  const { url } = await started([answering(open)]);
  const head = await fetch(`${url}/x`, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '6', '']);
  const known = await fetch(`${url}/x`, { headers: { 'If-None-Match': 'W/"1"' } });
  expect([known.status, await known.text()]).toEqual([304, '']);
  expect(open).not.toHaveBeenCalled();
});

class Away extends Unavailable {
  readonly dependency = 'the store';
  readonly answer = 'Try again.';
}

it('answers a problem, without the headers of bytes, where the stream cannot be opened', async () => {
  const { url } = await started([answering(() => Promise.reject(new Away('gone')))]);
  const answer = await fetch(`${url}/x`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('etag')).toBeNull();
  expect(await answer.json()).toMatchObject({ code: 'unavailable', detail: 'Try again.' });
});

it('breaks the connection where the stream fails half-way, so that nobody takes a part for the whole', async () => {
  const failing = () =>
    Readable.from(
      (async function* () {
        yield Buffer.from('abc');
        throw new Error('the disk is gone');
      })(),
    );
  const { url } = await started([answering(async () => failing())]);
  await expect(fetch(`${url}/x`).then((answer) => answer.text())).rejects.toThrow();
});

it('destroys the stream of a client that goes', async () => {
  const endless = new Readable({ read() {} });
  endless.push('abc');
  const { url } = await started([answering(async () => endless)]);
  const gone = new AbortController();
  await fetch(`${url}/x`, { signal: gone.signal });
  gone.abort();
  await vi.waitFor(() => expect(endless.destroyed).toBe(true));
});

it('lets a body that is taken as a stream arrive slower than others may, and cuts those', async () => {
  const { port } = await started([reading, { ...ROW, method: 'POST', path: '/json', handle: () => ({}) }], { body: 200 });
  const slowly = (path: string) =>
    bareClient(port, `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\na`);
  const file = slowly('/x');
  await slowly('/json').hears(/408 Request Timeout/);
  file.socket.write('b');
  expect(await file.hears(/bytes/)).toContain('{"bytes":2}');
});

it('gives up a client that falls silent in the middle of its body', async () => {
  const server = createServer((request, response) => {
    const bounds = { atOnce: 2, silence: 100, rest: { bytes: 1_000, within: 1_000 } };
    withStream(request, () => text(request), bounds).then(
      () => response.end(),
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const client = bareClient((server.address() as AddressInfo).port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
  await client.hears(/408 Request Timeout/);
});

it('refuses what is too many at once, with words that tell when to come again, and takes more as soon as one is in', async () => {
  const { port, url } = await started([reading]);
  const waiting = Array.from({ length: 32 }, () => {
    const one = ask({ port, host: '127.0.0.1', method: 'POST', path: '/x', headers: { 'Content-Length': 1 } });
    one.on('error', () => {});
    one.flushHeaders();
    return one;
  });
  onTestFinished(() => {
    for (const one of waiting) one.destroy();
  });
  const post = () => fetch(`${url}/x`, { method: 'POST', body: 'abc' });
  await vi.waitFor(async () => {
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  });
  waiting[0]?.end('a');
  await vi.waitFor(async () => expect((await post()).status).toBe(200));
});

it('has the slowest of a network that takes all places give way to another network', async () => {
  const { port, url } = await started([reading], { trustProxy: true });
  const head = 'POST /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 100000\r\n\r\n';
  const crowd = Array.from({ length: 32 }, (_, n) => bareClient(port, head + 'x'.repeat(n === 7 ? 1 : 50_000)));
  const mine = () => fetch(`${url}/x`, { method: 'POST', body: 'abc', headers: { 'X-Forwarded-For': '192.0.2.1' } });
  await vi.waitFor(async () => expect((await mine()).status).toBe(503));
  const other = await fetch(`${url}/x`, { method: 'POST', body: 'abc', headers: { 'X-Forwarded-For': '198.51.100.1' } });
  expect(other.status).toBe(200);
  await crowd[7]?.hears(/408 Request Timeout/);
  expect(crowd.filter(({ received }) => received() !== '')).toHaveLength(1);
});

describe('the places of bodies that are taken as streams', () => {
  /** A row that takes bodies from users: the token is the user's name. */
  async function startedForUsers() {
    const app = createApp({
      routes: [{ ...reading, who: 'user' }],
      accessTokens: { secret: SECRET },
      callerOf: async (claims) => ({ id: (claims as { sub: string }).sub, role: 'member', seesAll: false, sessionId: 's' }),
      origins: [],
      trustProxy: true,
      log,
    });
    const { url, close } = await listen(app.callback(), { PORT: 0, HOST: '127.0.0.1' }, { farewell: 100 });
    onTestFinished(close);
    return { url, port: Number(new URL(url).port) };
  }
  const SECRET = 'a secret of the tests';
  const bearer = (user: string) => `Bearer ${jwt.sign({ sub: user }, SECRET, { expiresIn: 600 })}`;
  let networks = 0;
  /** A body of a user that stays under way, from this network or one of its own. */
  const begin = (port: number, user: string, network = `192.0.2.${++networks}`) =>
    bareClient(
      port,
      `POST /x HTTP/1.1\r\nHost: x\r\nAuthorization: ${bearer(user)}\r\nX-Forwarded-For: ${network}\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`,
    );
  const post = (url: string, user: string, network = `198.51.100.${++networks}`) =>
    fetch(`${url}/x`, { method: 'POST', body: 'abc', headers: { Authorization: bearer(user), 'X-Forwarded-For': network } });

  it('are at most twelve of one user, however many networks they come from', async () => {
    const { port, url } = await startedForUsers();
    for (let n = 0; n < 12; n++) begin(port, 'mallory');
    const refused = await vi.waitFor(async () => {
      const answer = await post(url, 'mallory');
      expect(answer.status).toBe(429);
      return answer;
    });
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await refused.json()).toMatchObject({ code: 'limited', detail: 'At most 12 of your files may arrive at once. Try again.' });
    expect((await post(url, 'alice')).status).toBe(200);
  });

  it('are shared by the users of one network: one of who has most gives way', async () => {
    const { port, url } = await startedForUsers();
    const crowd = (user: string, size: number) => Array.from({ length: size }, () => begin(port, user, '192.0.2.1'));
    const most = crowd('mallory', 12);
    const others = [...crowd('mortimer', 11), ...crowd('moriarty', 9)];
    // Until all 32 are here there is a place, and nobody has to give way.
    await vi.waitFor(async () => {
      expect((await post(url, 'alice', '192.0.2.1')).status).toBe(200);
      expect(most.filter(({ received }) => /408 Request Timeout/.test(received()))).toHaveLength(1);
    });
    expect(others.filter(({ received }) => received() !== '')).toEqual([]);
  });
});

it('lets a client that is still sending read why its body is refused, and keeps nothing of it', async () => {
  const refusing = taking(() => ({ status: 422, body: { no: true } }));
  const { url } = await started([refusing]);
  const answer = await fetch(`${url}/x`, { method: 'POST', body: Buffer.alloc(8 * 1024 * 1024) });
  expect([answer.status, await answer.json()]).toEqual([422, { no: true }]);
});
