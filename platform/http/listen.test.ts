import type { RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type BareClient, bareClient, HTTP2_PREFACE, upgradeRequest, websocketRequest } from '../../system/bare-tcp.fixture.ts';
import { listen, type Patience } from './listen.ts';

const echo: RequestListener = (request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => response.end(`${request.method} ${request.url} (${body})\n`));
};

interface Started {
  port: number;
  /** The connections that were upgraded. */
  upgraded: Socket[];
  /** The number of connections, in whichever state. */
  connections(): Promise<number>;
  /** The number of connections that there ever were. */
  seen(): number;
  close(): Promise<void>;
}

/** A server with short patience, and a listener of upgrades that leaves everything open, as the worst would. */
async function started(listener: RequestListener = echo, patience: Partial<Patience> = {}): Promise<Started> {
  const { server, open, close } = await listen(listener, { PORT: 0, HOST: '127.0.0.1' }, { silence: 400, farewell: 100, ...patience });
  const upgraded: Socket[] = [];
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    return close();
  });
  server.keepAliveTimeout = 100;
  server.keepAliveTimeoutBuffer = 0;
  server.on('upgrade', (_request, socket) => {
    upgraded.push(socket as Socket);
    socket.on('error', () => {}).resume();
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
  });
  server.on('connection', (socket) => sockets.push(socket));
  const connections = async () => open();
  return { port: (server.address() as AddressInfo).port, upgraded, connections, seen: () => sockets.length, close };
}

it.each([
  ['/api/tasks', 'h2c'],
  ['/socket.io/', 'h2c'],
  ['/socket.io/', 'websocket, h2c'],
  ['/socket.io/', 'TLS/1.0'],
  ['/socket.io', 'websocket'],
  ['/socket.io?EIO=4', 'websocket'],
  ['/socket.iox', 'websocket'],
  ['/socket.io/x', 'websocket'],
  ['//socket.io/', 'websocket'],
  ['/SOCKET.IO/', 'websocket'],
  ['/?/socket.io/', 'websocket'],
  ['http://x/socket.io/', 'websocket'],
])('a request of %s that asks for %s is answered as if it had not asked', async (path, protocol) => {
  const { port, upgraded } = await started();
  const answer = await bareClient(port, upgradeRequest(path, protocol)).hears(/\(\)\n/);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  // An address with its host is asked for by its path.
  expect(answer).toContain(`GET ${path.replace('http://x', '')} ()`);
  expect(upgraded).toEqual([]);
});

it('a refused upgrade has its body, in one piece or several, and its connection takes the next request', async () => {
  const { port } = await started();
  const client = bareClient(port, upgradeRequest('/a', 'h2c', { method: 'POST', more: 'Content-Length: 10\r\n', body: 'first' }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.write('other');
  await client.hears(/POST \/a \(firstother\)/);
  client.socket.write(upgradeRequest('/b', 'h2c', { method: 'POST', more: 'Transfer-Encoding: chunked\r\n', body: '5\r\nthird\r\n0\r\n\r\n' }));
  await client.hears(/POST \/b \(third\)/);
  client.socket.write('GET /c HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.hears(/GET \/c \(\)/);
});

it.each([
  ['/socket.io/', 'websocket'],
  ['/socket.io/?EIO=4&transport=websocket', 'WebSocket'],
])('%s becomes a websocket for who asks for %s', async (path, protocol) => {
  const { port, upgraded } = await started();
  await bareClient(port, upgradeRequest(path, protocol)).hears(/^HTTP\/1\.1 101 /);
  expect(upgraded).toHaveLength(1);
});

it('nothing is upgraded where nobody listens for upgrades', async () => {
  const { url, close } = await listen(echo, { PORT: 0, HOST: '127.0.0.1' });
  onTestFinished(close);
  await bareClient(Number(new URL(url).port), websocketRequest()).hears(/^HTTP\/1\.1 200 OK(.|\s)*GET \/socket\.io\/\?/);
});

const unread: RequestListener = (_request, response) => void response.end(Buffer.alloc(32 * 1024 * 1024));

const left: [string, (port: number) => BareClient, RequestListener?][] = [
  ['a refused upgrade', (port) => bareClient(port, upgradeRequest('/', 'h2c'))],
  ['a refused upgrade with more bytes after it', (port) => bareClient(port, upgradeRequest('/', 'h2c') + HTTP2_PREFACE)],
  ['a refused websocket', (port) => bareClient(port, websocketRequest('/socket.iox'))],
  ['a CONNECT with more bytes after it', (port) => bareClient(port, `CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n${HTTP2_PREFACE}`)],
  ['an answer that nobody reads', (port) => bareClient(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', { reads: false }), unread],
];
it.each(left)('%s, whose client keeps its side open, is closed after a while', async (_name, client, listener) => {
  const { port, connections, seen } = await started(listener);
  const { socket } = client(port);
  await expect.poll(seen).toBe(1);
  await expect.poll(connections, { timeout: 5_000 }).toBe(0);
  expect(socket.destroyed).toBe(false);
});

it('an upgraded connection whose client closed its side alone and reads nothing is closed after a while', async () => {
  const { port, connections, upgraded } = await started();
  const { socket } = bareClient(port, websocketRequest(), { reads: false });
  await expect.poll(() => upgraded.length).toBe(1);
  upgraded[0]?.write(Buffer.alloc(32 * 1024 * 1024));
  socket.end();
  await expect.poll(connections, { timeout: 5_000 }).toBe(0);
});

it('an upgraded connection on which nothing is said stays', async () => {
  const { port, connections } = await started(echo, { silence: 50 });
  await bareClient(port, websocketRequest()).hears(/101/);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await connections()).toBe(1);
});

const open: [string, (port: number) => BareClient, RequestListener?][] = [
  ['nothing was said', (port) => bareClient(port)],
  ['half a line was sent', (port) => bareClient(port, 'GET /a')],
  ['half a body was sent', (port) => bareClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf')],
  ['an answer was read', (port) => bareClient(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['an answer is not read', (port) => bareClient(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', { reads: false }), unread],
  ['an answer never comes', (port) => bareClient(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'), () => {}],
  ['a websocket is open', (port) => bareClient(port, websocketRequest())],
  ['an upgrade was refused', (port) => bareClient(port, upgradeRequest('/', 'h2c'))],
  ['an upgrade was refused and more was said', (port) => bareClient(port, upgradeRequest('/', 'h2c') + HTTP2_PREFACE)],
];
it.each(open)('it closes while a client holds a connection on which %s', async (_name, client, listener) => {
  const { port, connections, seen, close } = await started(listener, { silence: 60_000 });
  const { socket } = client(port);
  await expect.poll(seen).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = performance.now();
  await close();
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(await connections()).toBe(0);
  expect(socket.destroyed).toBe(false);
});
