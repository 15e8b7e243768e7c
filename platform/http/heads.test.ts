import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { boundHeads, type HeadBounds, headBoundsOf } from './heads.ts';
import { listen } from './listen.ts';

const HALF = 'GET / HTTP/1.1\r\nHost:';
const WHOLE = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const answers: RequestListener = (_, response) => response.end('well');

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** Connects from an address of this machine, and sends something. */
function sending(port: number, text: string, localAddress = '127.0.0.1'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {});
  ends.push(() => socket.destroy());
  socket.write(text);
  return socket;
}

async function answerTo(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString().split('\r\n')[0] ?? '';
}

/** Resolves when a connection is closed, by a reset, too. */
function closing(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

/** A server with these bounds; answers its port. */
async function bounded(listener: RequestListener, bounds: HeadBounds, keepAliveTimeout = 5_000): Promise<number> {
  const server: Server = createServer({ keepAliveTimeout }, listener);
  boundHeads(server, bounds);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

it('of connections with half a head one network has five hundred, and nobody is kept out by them', async () => {
  const { url, open, close } = await listen(answers, { PORT: 0, HOST: '127.0.0.1' });
  ends.push(close);
  const port = Number(new URL(url).port);
  for (let n = 0; n < 700; n++) sending(port, HALF);
  await expect.poll(open).toBe(500);
  expect(await answerTo(sending(port, WHOLE))).toBe('HTTP/1.1 200 OK');
  expect(await answerTo(sending(port, WHOLE, '127.0.0.2'))).toBe('HTTP/1.1 200 OK');
});

it('the oldest of the network with most of them gives way, to one of its own and to those of others', async () => {
  const port = await bounded(answers, { ofNetwork: 2, inAll: 3 });
  const gone: string[] = [];
  const wait = async (name: string, localAddress: string) => {
    const socket = sending(port, HALF, localAddress).on('close', () => gone.push(name));
    await once(socket, 'connect');
  };
  await wait('a', '127.0.0.1');
  await wait('b', '127.0.0.1');
  await wait('c', '127.0.0.1');
  await expect.poll(() => gone).toEqual(['a']);
  await wait('d', '127.0.0.2');
  await wait('e', '127.0.0.3');
  await expect.poll(() => gone).toEqual(['a', 'b']);
});

it('a request that is under way counts no more, nor does its connection while it waits for the next one', async () => {
  const pending: (() => void)[] = [];
  const port = await bounded((_, response) => void pending.push(() => response.end('well')), { ofNetwork: 1, inAll: 4 });
  const asking = sending(port, WHOLE);
  await expect.poll(() => pending.length).toBe(1);
  const half = sending(port, HALF);
  await once(half, 'connect');
  const other = sending(port, HALF);
  await closing(half);
  pending[0]?.();
  expect(await answerTo(asking)).toBe('HTTP/1.1 200 OK');
  asking.write(WHOLE);
  await expect.poll(() => pending.length).toBe(2);
  pending[1]?.();
  expect(await answerTo(asking)).toBe('HTTP/1.1 200 OK');
  expect(other.closed).toBe(false);
});

it('a connection that was answered, and then sends half a head for longer than it might wait, counts again', async () => {
  const port = await bounded(answers, { ofNetwork: 1, inAll: 4 }, 50);
  const kept = sending(port, WHOLE);
  expect(await answerTo(kept)).toBe('HTTP/1.1 200 OK');
  kept.write(HALF);
  const trickle = setInterval(() => kept.write('a'), 50);
  ends.push(() => clearInterval(trickle));
  const fresh = sending(port, HALF);
  await closing(fresh);
  expect(kept.closed).toBe(false);
});

it('where a process may have few files open, heads that are missing take a quarter of them', () => {
  expect(headBoundsOf(1_048_576)).toEqual({ ofNetwork: 500, inAll: 2_000 });
  expect(headBoundsOf(1_024)).toEqual({ ofNetwork: 64, inAll: 256 });
  expect(headBoundsOf(4)).toEqual({ ofNetwork: 1, inAll: 4 });
});
