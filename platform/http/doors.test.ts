import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { doorsOf } from './doors.ts';
import { listen } from './listen.ts';

const HOST = '127.0.0.1';

async function started(PORT = 0): Promise<number> {
  const { server, close } = await listen((_, response) => response.end('x'), { PORT, HOST });
  onTestFinished(close);
  return (server.address() as AddressInfo).port;
}

it('a busy process takes many connections in a round of its event loop', async () => {
  const port = await started();
  const sockets = Array.from({ length: 320 }, () => connect(port, HOST));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  let answered = 0;
  for (const socket of sockets) {
    socket.once('data', () => answered++);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  }
  let rounds = 0;
  while (answered < sockets.length) {
    await new Promise((resolve) => setImmediate(resolve));
    rounds++;
    // The work of a round.
    for (const until = performance.now() + 5; performance.now() < until; );
  }
  expect(rounds).toBeLessThan(100);
});

it('a port on which a process of ours listens is taken for another one, however many doors that has', async () => {
  const port = await started();
  await expect(started(port)).rejects.toThrow(`Port ${port} on ${HOST} is taken`);
});

it('a port is free again once its server is closed', async () => {
  const { server, close } = await listen((_, response) => response.end(), { PORT: 0, HOST });
  const { port } = server.address() as AddressInfo;
  await close();
  expect(await started(port)).toBe(port);
});

it.each([
  [120, 7],
  [1_024, 64],
  [1_048_576, 64],
  [Number.POSITIVE_INFINITY, 64],
  [10, 1],
])('a process that may have %d files open has %d doors, so that most are left for connections', (files, doors) => {
  expect(doorsOf(files)).toBe(doors);
});
