/** TLS by the proxy, as docker-compose.tls.yml asks for it, with a real nginx and a certificate made here. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { selfSigned } from '../platform/event-store/double/certificate.ts';
import { securityHeaders } from '../platform/http/security-headers.ts';
import { describeWith } from './for-tests.fixture.ts';
import { freePort } from './free-port.ts';
import { missing, type Proxy as Running, startProxy } from './proxy.ts';

const PUBLIC_URL = 'https://tasks.example.org';
const { 'Strict-Transport-Security': HSTS } = securityHeaders(PUBLIC_URL);
const { key, certificate } = selfSigned();

interface Got {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Sends a request to this machine over TLS, trusting the certificate made here alone. */
async function over(url: string, init: { method?: string; headers?: Record<string, string> } = {}): Promise<Got> {
  const sent = requestTls(url, { ...init, ca: certificate, agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: (await answer.toArray()).join('') };
}

/** Sends a request written by hand, without TLS; answers all that comes back. */
async function inClear(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${text} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
  return (await socket.toArray()).join('');
}

describeWith({ name: 'nginx', missing: missing(), url: async () => '' }, 'the proxy with a certificate', () => {
  const part = createServer((request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })));
  const sockets = new SocketServer(part);
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  let proxy: Running;
  let plainPort: number;

  beforeAll(async () => {
    writeFileSync(join(folder, 'fullchain.pem'), certificate);
    writeFileSync(join(folder, 'privkey.pem'), key, { mode: 0o400 });
    sockets.on('connection', (socket) => socket.on('say', (text, answer) => answer(`${socket.conn.transport.name} ${text}`)));
    part.listen(0, '127.0.0.1');
    await once(part, 'listening');
    const url = `http://127.0.0.1:${(part.address() as AddressInfo).port}`;
    plainPort = await freePort();
    proxy = await startProxy({ gateway: [url], realtime: [url] }, undefined, { certificates: folder, plainPort, publicUrl: PUBLIC_URL });
  });
  afterAll(async () => {
    await proxy?.stop();
    await sockets.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes requests over TLS to the parts, which hear that they were', async () => {
    const { status, body } = await over(`${proxy.url}/api/me?q=a%2Fb`);
    expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ url: '/api/me?q=a%2Fb' })]);
    expect(JSON.parse(body).headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1', host: new URL(proxy.url).host });
  });

  it('takes sockets over TLS, by websocket', async () => {
    const socket = io(proxy.url, { transports: ['websocket'], forceNew: true, reconnection: false, ca: certificate });
    expect(await socket.timeout(20_000).emitWithAck('say', 'hello')).toBe('websocket hello');
    expect(socket.io.opts.secure).toBe(true);
    socket.disconnect();
  });

  it.each([
    ['TLSv1.3', 'TLSv1.3', undefined],
    ['TLSv1.2', 'TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['TLSv1.1', 'an error', undefined],
    ['TLSv1', 'an error', undefined],
    ['TLSv1.2', 'an error', 'ECDHE-ECDSA-AES128-SHA256'],
    ['TLSv1.2', 'an error', 'AES128-GCM-SHA256'],
  ] as const)('asked for %s, speaks %s (suite %s)', async (version, expected, suite) => {
    // Level 0 lets this side offer what is too old.
    const ciphers = `${suite ?? 'ALL'}:@SECLEVEL=0`;
    const port = Number(new URL(proxy.url).port);
    const socket = connectTls({ port, host: '127.0.0.1', ca: certificate, minVersion: version, maxVersion: version, ciphers });
    const spoken = await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(socket.getProtocol()));
      socket.once('error', () => resolve('an error'));
    });
    socket.destroy();
    expect(spoken).toBe(expected);
  });

  it('says to browsers to come over TLS alone also in what it answers itself, and passes on no metrics', async () => {
    const metrics = await over(`${proxy.url}/metrics`);
    expect([metrics.status, metrics.headers['strict-transport-security']]).toEqual([404, HSTS]);
    const down = await over(`${proxy.url}/api/tasks`);
    expect([down.status, down.headers['strict-transport-security']]).toEqual([503, HSTS]);
    // The part's own answer has what the part says, once.
    expect((await over(`${proxy.url}/api/me`)).headers['strict-transport-security']).toBeUndefined();
  });

  it('lets no request look as if it came to the process itself, whose followers are told to that alone', async () => {
    for (const headers of [{}, { 'X-Forwarded-For': '' }, { 'x-forwarded-for': '127.0.0.1, 192.0.2.1' }]) {
      const { body } = await over(`${proxy.url}/readyz`, { headers: headers as Record<string, string> });
      expect(JSON.parse(body).headers['x-forwarded-for']).toBe('127.0.0.1');
    }
  });

  it.each(['GET /', 'GET /tasks/1?x=%2F', 'HEAD /login', 'GET //evil.example/x', 'GET /apix'])(
    'leads who asks %s without TLS to the public address, whatever its Host says',
    async (row) => {
      const answer = await inClear(plainPort, row);
      expect(answer).toMatch(/^HTTP\/1\.1 308 /);
      expect(answer).toContain(`\r\nLocation: ${PUBLIC_URL}${row.split(' ')[1]}\r\n`);
    },
  );

  it.each(['GET /api/me', 'POST /api/login', 'GET /%61pi/me', 'GET /x/../api/me', 'POST /', 'GET /socket.io/?EIO=4', 'GET /api/v1/tasks'])(
    'refuses %s without TLS, and leads it nowhere',
    async (row) => {
      const answer = await inClear(plainPort, row);
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      expect(answer).not.toContain('\r\nLocation:');
      expect(answer).toContain('\r\nContent-Type: application/problem+json\r\n');
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
        code: 'forbidden',
        status: 403,
        detail: expect.stringContaining(PUBLIC_URL),
      });
    },
  );

  it('answers its container’s health check without TLS, and nothing of it is anybody else’s', async () => {
    const answer = await inClear(plainPort, 'GET /livez');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"x-forwarded-for":"127.0.0.1"');
  });

  it.each([
    ['a method that is none', 'ge<t /', 400],
    ['an address that is too long', `GET /${'x'.repeat(20_000)}`, 414],
    ['headers that are too long', `GET / HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\nX:`, 431],
  ] as const)('answers %s without TLS as a problem, with our headers', async (_, row, status) => {
    const answer = await inClear(plainPort, row);
    expect(answer).toContain('\r\nContent-Type: application/problem+json\r\n');
    expect(answer).toContain('\r\nX-Content-Type-Options: nosniff\r\n');
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'invalid', status });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'reads, as the user that the compose file gives it, a certificate that was put there as RUNNING.md says',
    () => {
      const here = mkdtempSync(join(tmpdir(), 'put-there-'));
      try {
        chmodSync(here, 0o755);
        writeFileSync(join(here, 'fullchain.pem'), certificate);
        writeFileSync(join(here, 'privkey.pem'), key, { mode: 0o600 });
        const text = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
        const [put = ''] = /mkdir -p tls && .*/.exec(text('docs/RUNNING.md')) ?? [];
        execFileSync('/bin/sh', ['-c', put.replaceAll('sudo ', '')], { cwd: here });
        const [, user = ''] = /^ {2}proxy:$[\s\S]*?^ {4}user: '(\d+):\d+'$/m.exec(text('docker-compose.yml')) ?? [];
        const readAs = (uid: number) => spawnSync('cat', ['tls/fullchain.pem', 'tls/privkey.pem'], { cwd: here, uid, gid: uid, encoding: 'utf8' });
        expect(readAs(Number(user)).stdout).toBe(certificate + key);
        expect(readAs(Number(user) + 1)).toMatchObject({ status: 1, stdout: certificate });
      } finally {
        rmSync(here, { recursive: true, force: true });
      }
    },
  );

  it('tells who speaks without TLS where TLS is spoken that this is wrong', async () => {
    const answer = await inClear(Number(new URL(proxy.url).port), 'GET /');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'invalid', status: 400 });
  });
});
