import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pathOf, SOCKETS } from '../app/parts.fixture.ts';
import { ALL_PARTS } from '../app/parts.ts';
import { ROWS, ROWS_OF_EVERY_PROCESS, rowName } from '../app/rows.ts';
import { BODY_LIMIT } from '../platform/http/body.ts';
import { describeWith } from './for-tests.fixture.ts';
import { BEHIND, missing, type PartsBehind, type Proxy as Running, startProxy } from './proxy.ts';

const nginx = { name: 'nginx', missing: missing(), url: async () => '' };

/** A stand-in for a part: these tests are of nginx. */
interface StandIn {
  url: string;
  close(): Promise<void>;
}
type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

async function standIn(answer: Answer): Promise<StandIn & { server: ReturnType<typeof createServer> }> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A request as the part that got it tells of it. */
interface Asked {
  part: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

const says =
  (part: string): Answer =>
  async (request, response) => {
    const body = (await request.toArray()).join('');
    response.setHeader('ETag', '"3"').setHeader('X-Part', part);
    response.end(JSON.stringify({ part, method: request.method, url: request.url, headers: request.headers, body }));
  };

/** Requests for a row in all ways that must make no difference. */
function waysToAsk(row: string): string[] {
  const [method] = row.split(' ');
  const path = pathOf(row);
  const paths = [path, `${path}?q=a/b`, ...(path.startsWith('/api/') ? [`${path}/`, path.replace('/api/', '/api/v1/')] : [])];
  return [...paths.map((one) => `${method} ${one}`), ...(method === 'GET' ? [`HEAD ${path}`] : [])];
}

const ends: (() => Promise<void>)[] = [];
async function behind(answers: Partial<Record<keyof PartsBehind, Answer[]>>): Promise<Running> {
  const urls: { [part: string]: string[] } = {};
  for (const [part, each] of Object.entries(answers)) {
    const all = await Promise.all(each.map(standIn));
    ends.push(...all.map((one) => one.close));
    urls[part] = all.map((one) => one.url);
  }
  const proxy = await startProxy(urls);
  ends.push(proxy.stop);
  return proxy;
}

async function asked(url: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Asked> {
  return (await (await fetch(url, init)).json()) as Asked;
}

/** Sends a request written by hand, as no client would; answers all that comes back. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(text);
  return (await socket.toArray()).join('');
}

/** What browsers say they take where somebody opens an address. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const PROBLEM = { type: expect.stringMatching(/^\/problems\//), title: expect.any(String), detail: expect.any(String), instance: expect.any(String) };

describeWith(nginx, 'the proxy', () => {
  it('keeps most of its connections for others, however many of one address have half a head, or a body that never comes', async () => {
    const proxy = await behind({ gateway: [(request, response) => void (request.method === 'GET' && response.end('ok'))] });
    const port = Number(new URL(proxy.url).port);
    const open: Socket[] = [];
    const send = (text: string, localAddress = '127.0.0.1') => {
      const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
      open.push(socket);
      socket.write(text);
      return socket;
    };
    const firstLine = async (socket: Socket) => String((await once(socket, 'data'))[0]).split('\r\n')[0];
    try {
      for (let n = 0; n < 1_000; n++) send('POST /api/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{');
      for (let n = 0; n < 1_100; n++) send('GET /livez HTTP/1.1\r\nHost:');
      // What was sent before is read before: the next of this address is one too many.
      await expect.poll(() => firstLine(send('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'))).toBe('HTTP/1.1 429 Too Many Requests');
      expect(await firstLine(send('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n', '127.0.0.2'))).toBe('HTTP/1.1 200 OK');
    } finally {
      for (const socket of open) socket.destroy();
    }
  });

  describe('with all parts', () => {
    let proxy: Running;
    let close: () => Promise<void>;
    const rows = new Map<string, string>([
      ...ALL_PARTS.flatMap((part) => ROWS[part].map((row) => [rowName(row), part] as const)),
      ...ROWS_OF_EVERY_PROCESS.filter(({ path }) => path !== '/metrics').map((row) => [rowName(row), 'gateway'] as const),
      [SOCKETS, 'realtime'],
    ]);

    beforeAll(async () => {
      const parts = await Promise.all(BEHIND.map(async (part) => [part, await standIn(says(part))] as const));
      proxy = await startProxy(Object.fromEntries(parts.map(([part, { url }]) => [part, [url]])));
      close = async () => void (await Promise.all([proxy.stop(), ...parts.map(([, one]) => one.close())]));
    });
    afterAll(() => close());

    const partAt = async (row: string) => {
      const [method = '', path] = row.split(' ');
      const answer = await fetch(`${proxy.url}${path}`, { method });
      await answer.arrayBuffer();
      return answer.headers.get('x-part');
    };

    it('takes every row there is to the part that answers it, however it is written', async () => {
      expect(rows.size).toBeGreaterThan(30);
      const asked = [...rows].flatMap(([row, part]) => waysToAsk(row).map((one) => [one, part] as const));
      // One after the other: all at once are more connections than a small nginx takes.
      for (const [one, part] of asked) expect(await partAt(one), one).toBe(part);
    });

    it('takes what is no row to the gateway, which knows the rows of all', async () => {
      const none = ['PUT /api/tasks', 'GET /api/tasks/1/status', 'OPTIONS /api/tasks', 'GET /api/Tasks', 'GET //api/tasks', 'GET /api/v1/v1/tasks'];
      for (const row of [...none, 'GET /api/tasksx', 'GET /api/%74asks', 'POST /outbox', 'GET /socket.io', 'DELETE /docs'])
        expect(await partAt(row), row).toBe('gateway');
    });

    it('passes on nobody who asks for metrics, however that is written, and says so as the parts do', async () => {
      for (const path of ['/metrics', '/metrics/', '/metrics?x', '/%6Detrics', '//metrics', '/x/../metrics', '/metrics/?/api/tasks']) {
        const answer = await raw(proxy.url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        expect(answer, path).toMatch(/^HTTP\/1\.1 404 (?:.|\s)*\r\nContent-Security-Policy: [^\r]*frame-ancestors 'none'/);
        expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? ''), path).toEqual({ ...PROBLEM, status: 404, code: 'not_found' });
      }
    });

    it('says on a page what it has to say itself to whoever opens an address in a browser, and a problem to all others', async () => {
      const asking = (path: string, accept: string) =>
        raw(proxy.url, `GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`);
      const page = await asking('/metrics', BROWSER);
      expect(page).toMatch(/^HTTP\/1\.1 404 /);
      expect(page).toContain('\r\nContent-Type: text/html; charset=utf-8\r\n');
      for (const header of ['Cache-Control: no-store', 'Vary: Accept', 'X-Content-Type-Options: nosniff'])
        expect(page).toContain(`\r\n${header}\r\n`);
      expect(page).toMatch(/\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'/);
      expect(page).toContain('<h1>Not found</h1><p>There is nothing at this address.</p><p><a href="/">');
      for (const accept of ['*/*', 'application/json, text/html'])
        expect(await asking('/metrics', accept)).toContain('\r\nContent-Type: application/problem+json\r\n');
      expect(await asking('/problem-page', '*/*')).toMatch(/^HTTP\/1\.1 404 /);
    });

    it('takes a name in the place of a parameter to nobody but who knows that name', async () => {
      for (const row of ['GET /api/notifications/send', 'DELETE /api/media/direct', 'PUT /api/v1/media/urls/', 'GET /api/admin/dead-letters/retry'])
        expect(await partAt(row), row).toBe('gateway');
    });

    it('passes addresses, headers and bodies as they are, with the one address that it knows', async () => {
      const path = '/api/tasks/%41%2fb?q=%20+%C3%A9&q=2';
      const headers = {
        'X-Forwarded-For': '192.0.2.1',
        'Idempotency-Key': 'k',
        'If-Match': '"3"',
        Authorization: 'Bearer x',
        Host: 'ignored.example',
      };
      const patch = await asked(`${proxy.url}${path}`, { method: 'PATCH', body: '{"title":"é"}', headers });
      expect(patch).toMatchObject({ part: 'write-side', method: 'PATCH', url: path, body: '{"title":"é"}' });
      expect(patch.headers).toMatchObject({
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        host: new URL(proxy.url).host,
        'idempotency-key': 'k',
        'if-match': '"3"',
        authorization: 'Bearer x',
      });
      expect(await asked(`${proxy.url}${path}`, { method: 'DELETE' })).toMatchObject({ method: 'DELETE', url: path });
      const put = await asked(`${proxy.url}/api/tasks/%41/status?x=%2F`, { method: 'PUT', body: '{"status":"done"}' });
      expect(put).toMatchObject({ part: 'write-side', method: 'PUT', url: '/api/tasks/%41/status?x=%2F', body: '{"status":"done"}' });
      expect((await fetch(`${proxy.url}/api/tasks`)).headers.get('etag')).toBe('"3"');
    });

    it('passes a body that does not say how long it is, and an Idempotency-Key that is empty', async () => {
      const body = new Blob(['{"title":', '"lamp"}']).stream();
      const post = await asked(`${proxy.url}/api/tasks`, { method: 'POST', body, duplex: 'half', headers: { 'idempotency-key': '' } });
      expect(post).toMatchObject({ body: '{"title":"lamp"}', headers: { 'idempotency-key': '' } });
    });

    it('answers what is no HTTP as the parts answer what is wrong', async () => {
      const refusals: [string, number, string][] = [
        [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, 'invalid'],
        [`GET / HTTP/1.1\r\nHost: x\r\nBig: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'invalid'],
        ['GET / HTTP/1.1\r\n\r\n', 400, 'invalid'],
        ['nonsense\r\n\r\n', 400, 'invalid'],
        ['GET /../.. HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'invalid'],
        ['TRACE / HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method_not_allowed'],
        ['GET /again HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, 'not_found'],
        ['GET /problem HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404, 'not_found'],
        ['POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: strange\r\n\r\n', 400, 'invalid'],
        ['GET / HTTP/3.0\r\nHost: x\r\n\r\n', 400, 'invalid'],
      ];
      for (const [request, status, code] of refusals) {
        const answer = await raw(proxy.url, request);
        const [head = '', body = ''] = answer.split('\r\n\r\n');
        expect(head, request.slice(0, 40)).toContain(`HTTP/1.1 ${status} `);
        expect(head).toContain('Content-Type: application/problem+json');
        expect(JSON.parse(body), request.slice(0, 40)).toEqual({ ...PROBLEM, status, code });
      }
    });

    it('answers a broken escape in an id as the parts answer an id that is none', async () => {
      const answer = await fetch(`${proxy.url}/api/tasks/%zz`);
      const problem = { ...PROBLEM, status: 400, code: 'invalid', errors: [{ pointer: ':id', detail: 'must be a UUID' }] };
      expect([answer.status, await answer.json()]).toEqual([400, problem]);
    });
  });

  afterEach(async () => void (await Promise.all(ends.splice(0).map((end) => end()))));

  it('takes sockets to realtime, by websocket and by polling', async () => {
    const part = await standIn((_, response) => response.writeHead(404).end());
    const server = new SocketServer(part.server);
    server.on('connection', (socket) => socket.on('say', (text, answer) => answer(`${socket.conn.transport.name} ${text}`)));
    const proxy = await startProxy({ realtime: [part.url] });
    ends.push(proxy.stop, part.close);
    for (const transport of ['websocket', 'polling']) {
      const socket = io(proxy.url, { transports: [transport], forceNew: true, reconnection: false });
      expect(await socket.timeout(10_000).emitWithAck('say', 'hello')).toBe(`${transport} hello`);
      socket.disconnect();
    }
    await server.close();
  });

  it('answers 503 as the parts do where a part is down, or there is none', async () => {
    const gone = await standIn(says('gateway'));
    await gone.close();
    const proxy = await startProxy({ gateway: [gone.url] });
    ends.push(proxy.stop);
    for (const path of ['/api/me', '/api/tasks', '/socket.io/?EIO=4&transport=websocket']) {
      const answer = await fetch(`${proxy.url}${path}`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await answer.json()).toEqual({ ...PROBLEM, code: 'unavailable', status: 503, instance: answer.headers.get('x-request-id') });
    }
    const page = await fetch(`${proxy.url}/inbox`, { headers: { accept: BROWSER } });
    expect([page.status, page.headers.get('content-type'), page.headers.get('retry-after')]).toEqual([503, 'text/html; charset=utf-8', '1']);
    expect(await page.text()).toContain('<h1>Not available right now</h1><p>No answer came. Try again in a moment.</p>');
  });

  it('has a line for what it answers itself, and none for what a part answers, without anybody’s address', async () => {
    const refusing: Answer = (_, response) => response.writeHead(404).end('none');
    const proxy = await behind({ gateway: [refusing] });
    for (const path of [
      '/api/me?email=anna%40example.org',
      '/metrics?to=anna@example.org',
      '/api/tasks?q=anna@example.org',
      '/api/users/%00anna@example.org',
    ])
      await (await fetch(`${proxy.url}${path}`)).text();
    await raw(proxy.url, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: anna@example.org\r\n\r\n`);
    const lines = async () =>
      (await proxy.output())
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line));
    await expect
      .poll(async () => (await lines()).map(({ status, part, upstream }) => [status, part, upstream]))
      .toEqual([
        // The helper that waits for nginx sends no HTTP.
        [400, 'gateway', ''],
        [404, 'gateway', ''],
        [503, 'read_side', '502'],
        [400, 'gateway', ''],
        [414, 'gateway', ''],
      ]);
    expect(await lines()).toContainEqual({
      time: expect.any(String),
      status: 503,
      method: 'GET',
      part: 'read_side',
      upstream: '502',
      seconds: expect.any(Number),
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      msg: 'answered by the proxy',
    });
    for (const text of ['anna', '127.0.0.1', 'aaaa']) expect(JSON.stringify(await lines())).not.toContain(text);
  });

  it('asks another of a part where one is down', async () => {
    const gone = await standIn(says('read-side'));
    const there = await standIn(says('read-side'));
    await gone.close();
    const proxy = await startProxy({ 'read-side': [gone.url, there.url], 'write-side': [gone.url, there.url] });
    ends.push(proxy.stop, there.close);
    for (let n = 0; n < 4; n++) {
      expect((await fetch(`${proxy.url}/api/tasks`)).status).toBe(200);
      expect((await fetch(`${proxy.url}/api/tasks`, { method: 'POST', body: '{}' })).status).toBe(200);
    }
  });

  it.each(['POST /api/tasks', 'PATCH /api/tasks/1', 'PUT /api/me/password', 'DELETE /api/sessions/1'])(
    'sends %s once, also where a part dies over it: nobody knows, says the 503',
    async (row) => {
      const [method = '', path] = row.split(' ');
      const heard: unknown[] = [];
      const dies: Answer = (request) => heard.push(request.method) && request.resume().on('end', () => request.socket.destroy());
      const proxy = await behind({ 'write-side': [dies, dies], gateway: [dies, dies] });
      const answer = await fetch(`${proxy.url}${path}`, { method, ...(method === 'DELETE' ? {} : { body: '{"title":"lamp"}' }) });
      expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([503, expect.stringContaining('Idempotency-Key')]);
      expect(heard).toEqual([method]);
    },
  );

  it.each(['PUT /api/tasks/1/status', 'DELETE /api/tasks/1'])(
    'sends %s again where a part died over it, with the same Idempotency-Key, so that it is answered as the first time',
    async (row) => {
      const [method = '', path] = row.split(' ');
      const keys: unknown[] = [];
      const dies: Answer = (request) => keys.push(request.headers['idempotency-key']) && request.resume().on('end', () => request.socket.destroy());
      const send = async (headers: Record<string, string>) => {
        const proxy = await behind({ 'write-side': [dies, says('write-side')] });
        // One of the two processes is asked first; the one that dies is not asked again.
        const answers = await Promise.all([1, 2].map(() => asked(`${proxy.url}${path}`, { method, headers })));
        return answers.map((one) => one.headers['idempotency-key']);
      };
      const made = await send({});
      expect(made).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(made).toContain(key);
      keys.length = 0;
      expect(await send({ 'Idempotency-Key': 'mine' })).toEqual(['mine', 'mine']);
      expect(new Set(keys)).toEqual(new Set(['mine']));
    },
  );

  it('refuses a body larger than the parts take, in their words, and passes the largest', async () => {
    const proxy = await behind({ 'write-side': [says('write-side')] });
    const send = (body: string | ReadableStream) => fetch(`${proxy.url}/api/tasks`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    const detail = `The body is larger than ${BODY_LIMIT} bytes.`;
    for (const body of ['x'.repeat(20 * BODY_LIMIT), 'x'.repeat(BODY_LIMIT + 1), new Blob(['x'.repeat(2 * BODY_LIMIT)]).stream()]) {
      const answer = await send(body);
      expect(await answer.json()).toEqual({ ...PROBLEM, status: 413, code: 'invalid', detail, errors: [{ pointer: '', detail }] });
    }
    expect(((await (await send('x'.repeat(BODY_LIMIT))).json()) as Asked).body).toHaveLength(BODY_LIMIT);
  });

  it('passes an upload of any size to the part that bounds it', async () => {
    const proxy = await behind({ media: [says('media')] });
    for (const path of ['/api/media', '/api/v1/media/?task=7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07']) {
      const answer = await fetch(`${proxy.url}${path}`, { method: 'POST', body: 'x'.repeat(20 * BODY_LIMIT) });
      expect(((await answer.json()) as Asked).body).toHaveLength(20 * BODY_LIMIT);
    }
  });
});
