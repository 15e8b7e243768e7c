import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { bareClient } from '../../system/bare-tcp.fixture.ts';
import { listen } from './listen.ts';
import { securityHeaders } from './security-headers.ts';

const headers = securityHeaders('https://tasks.example.org');

/** `ask` hears each address; what it answers 'at once' is answered before its body is there. */
async function started(ask: (url: string) => unknown = () => undefined): Promise<number> {
  const { server, close } = await listen(
    (request, response) => {
      if (ask(request.url ?? '') === 'at once') return void response.end('x');
      request.resume().on('end', () => response.end('x'));
    },
    { PORT: 0, HOST: '127.0.0.1', headers },
    { body: 200, farewell: 50 },
  );
  onTestFinished(close);
  return (server.address() as AddressInfo).port;
}

it.each([
  ['what nobody can expect', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n', 417],
  ['headers that are too long', `GET / HTTP/1.1\r\nHost: x\r\nBig: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['many megabytes of headers', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(500_000)}\r\n`, 431],
  ['an address that is too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ['what is no HTTP', 'nonsense\r\n\r\n', 400],
  ['a request without a host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a request with two hosts', 'GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n', 400],
  ['a host that is none', 'GET / HTTP/1.1\r\nHost: x@y/z\r\n\r\n', 400],
  ['an address with a host that is none', 'GET http://x@y/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a body in a coding that nobody undoes', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 400],
  ['a body in chunks, in a version that has none', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['a body with a length and chunks', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['a wish to be passed on', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n', 405, 'method_not_allowed'],
  ['lengths that contradict each other', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
  ['extensions of chunks that never end', `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n`, 413],
])('%s are answered with a problem, with the headers of all answers, and the connection ends', async (_, text, status, code = 'invalid') => {
  const client = bareClient(await started(), text);
  const answer = await client.hears(/\r\n\r\n\{.*\}/);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  for (const [name, value] of Object.entries(headers)) expect(head).toContain(`${name}: ${value}`);
  expect(JSON.parse(body)).toMatchObject({ type: `/problems/${code}`, code, status, instance: expect.any(String) });
  expect(/^Allow: .*POST/m.test(head)).toBe(status === 405);
});

it.each([
  ['an address', (long: string) => `GET /${long} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['a header', (long: string) => `GET / HTTP/1.1\r\nHost: x\r\nBig: ${long}\r\n\r\n`],
])('%s that is too long is answered the same however it is cut into packets', async (_, request) => {
  const text = request('x'.repeat(20_000));
  const answers: string[] = [];
  for (const cut of [text.length, 10_000, 16_390, 5]) {
    const client = bareClient(await started(), text.slice(0, cut));
    client.socket.setNoDelay(true);
    // Another packet: what was written before has arrived once the connection has nothing left to send.
    await vi.waitFor(() => expect(client.socket.writableLength).toBe(0));
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.write(text.slice(cut));
    const answer = await client.hears(/\r\n\r\n\{.*\}/);
    answers.push(`${answer.slice(0, 12)} ${JSON.parse(answer.split('\r\n\r\n')[1] ?? '').detail}`);
  }
  expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 431 The address and the headers of a request may have 16384 bytes together.']));
});

it('a wish to be passed on whose client resets the connection ends nothing, alone and behind a request that is slow', async () => {
  const port = await started();
  for (const before of ['', 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n']) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`${before}CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n`);
    if (before === '') await once(socket, 'data');
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  const answer = await bareClient(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').hears(/\r\n\r\n/);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

it.each([
  'POST /refused HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n',
  'POST /refused HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'POST /refused HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 0\r\n\r\n',
])('what stands behind a request that is refused is carried out by nobody: %j', async (first) => {
  const seen: string[] = [];
  const port = await started((url) => seen.push(url));
  const answer = await bareClient(port, `${first}POST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`).hears(/\r\n\r\n\{.*\}/);
  expect([...answer.matchAll(/HTTP\/1\.1 (\d)/g)].map(([, status]) => status)).toEqual(['4']);
  await bareClient(port, 'GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').hears(/\r\n\r\n/);
  expect(seen).toEqual(['/after']);
});

it('what was answered before it was whole gets no second answer, when the rest is broken or does not come', async () => {
  for (const rest of ['no size\r\n', '']) {
    const port = await started(() => 'at once');
    const client = bareClient(port, `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`);
    await client.hears(/\r\n\r\nx/);
    const over = once(client.socket, 'end');
    client.socket.write(rest);
    await over;
    expect(client.received().match(/HTTP\/1\.1/g), rest).toHaveLength(1);
  }
});

it.each(['x', 'X.example:80', '[::1]:3000', '192.0.2.1', 'my_part:8080', ''])('a host %j is one', async (host) => {
  const answer = await bareClient(await started(), `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`).hears(/\r\n\r\n/);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

it('what is broken behind whole requests is answered after them: nobody takes its problem for the answer to one of them', async () => {
  const port = await started();
  const whole = (n: number) => `POST /${n} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx`;
  const rests = ['nonsense\r\n\r\n', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n', 'GET / HTTP/1.1\r\n\r\n'];
  for (const rest of rests) {
    const answer = await bareClient(port, `${whole(1)}${whole(2)}${rest}`).hears(/\r\n\r\n\{.*\}/);
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses, rest).toEqual(['200', '200', '400']);
  }
});

it('a body that never ends is answered 408 with a problem', async () => {
  const answer = await bareClient(await started(), 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx').hears(/\r\n\r\n\{.*\}/);
  expect(answer).toMatch(/^HTTP\/1\.1 408 (?:.|\s)*"code":"timeout"(?:.|\s)*"status":408/);
});

it('every answer begins with the headers, and may have its own in their place', async () => {
  const { url, close } = await listen((_, response) => void response.setHeader('Referrer-Policy', 'origin').end(), {
    PORT: 0,
    HOST: '127.0.0.1',
    headers,
  });
  onTestFinished(close);
  const answer = await fetch(url);
  expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(answer.headers.get('strict-transport-security')).toMatch(/^max-age=31536000/);
  expect(answer.headers.get('referrer-policy')).toBe('origin');
  expect(securityHeaders('http://tasks.example.org')).not.toHaveProperty('Strict-Transport-Security');
});
