import { EventEmitter } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { createApp } from './app.ts';
import { openUnreadAnswers } from './unread-answers.ts';

/** An answer that says whether it was cut off. */
function answer() {
  const it = Object.assign(new EventEmitter(), { isCut: false, destroy: () => it });
  it.destroy = () => {
    it.isCut = true;
    return it;
  };
  return it as unknown as Parameters<ReturnType<typeof openUnreadAnswers>['send']>[0] & { isCut: boolean; emit(name: 'close'): void };
}

it('beyond the bound the network with most of them loses its oldest; what was read, and what is short, takes nothing', () => {
  const unread = openUnreadAnswers(1_000_000);
  const [read, small, other, ...crowd] = Array.from({ length: 7 }, answer);
  unread.send(read as typeof small & object, '192.0.2.1', 900_000);
  read?.emit('close');
  unread.send(small as typeof other & object, '192.0.2.1', 100);
  expect(unread.bytes()).toBe(0);
  unread.send(other as typeof small & object, '192.0.2.2', 300_000);
  for (const one of crowd) unread.send(one, '192.0.2.1', 250_000);
  expect(crowd.map(({ isCut }) => isCut)).toEqual([true, true, false, false]);
  expect([other?.isCut, unread.bytes()]).toEqual([false, 800_000]);
});

it('an answer to a client that has gone while it was made takes nothing', async () => {
  const unread = openUnreadAnswers();
  const gone = new Promise((resolve) => {
    const server = createServer((_asked, response) => {
      response.once('close', () => {
        unread.send(response, '192.0.2.1', 900_000);
        response.end('long '.repeat(180_000));
        resolve(undefined);
      });
      client.destroy();
    }).listen(0, '127.0.0.1', () => client.connect((server.address() as AddressInfo).port, '127.0.0.1').write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    const client = new Socket();
    onTestFinished(() => void server.close());
  });
  await gone;
  expect(unread.bytes()).toBe(0);
});

it('an app cuts off who asks for long answers and reads none of them, and goes on to answer all others', async () => {
  const body = 'long '.repeat(2_500_000);
  const app = createApp({
    routes: [
      { method: 'GET', path: '/long', who: 'anyone', summary: '', tag: '', handle: () => ({ body: { body } }) },
      { method: 'GET', path: '/short', who: 'anyone', summary: '', tag: '', handle: () => ({ body: {} }) },
    ],
    accessTokens: { secret: 'a secret of these tests' },
    callerOf: () => Promise.reject(new Error('nobody')),
    origins: [],
    trustProxy: true,
    log: pino({ level: 'silent' }),
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  for (let n = 0; n < 8; n++)
    request(`${url}/long`, { agent: false, headers: { 'x-forwarded-for': '192.0.2.1' } }, (response) => response.socket.pause())
      .on('error', () => {})
      .end();
  await expect.poll(() => sockets.filter(({ destroyed }) => destroyed).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
  const read = await fetch(`${url}/long`, { headers: { 'x-forwarded-for': '192.0.2.2' } });
  expect((await read.text()).length).toBeGreaterThan(body.length);
  expect((await fetch(`${url}/short`)).status).toBe(200);
});
