import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { bareClient } from '../../system/bare-tcp.fixture.ts';
import { type Form, readUpload } from './multipart.ts';

/** A server that reads one upload as it is told to; resolves to its port, and to how that ends. */
async function reading(read: (request: IncomingMessage) => Promise<Form>) {
  const { promise: end, resolve } = Promise.withResolvers<unknown>();
  const server = createServer((request, response) => {
    read(request)
      .catch((error: unknown) => error)
      .then((it) => {
        response.destroy();
        resolve(it);
      });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, end };
}

const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n';
const FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhalf of it';
const take = () => new Promise<never>(() => {});

it('ends with a client that went before its body was read, as while its rights were looked at', async () => {
  const { promise: begun, resolve: begins } = Promise.withResolvers<void>();
  const { port, end } = await reading(async (request) => {
    request.on('error', () => {});
    begins();
    await once(request, 'close').catch(() => {});
    return readUpload(request, take);
  });
  const client = bareClient(port, HEAD + FILE);
  await begun;
  client.socket.destroy();
  expect(await end).toMatchObject({ status: 400 });
});

it('ends with a client that goes half-way, whatever else is said of that', async () => {
  const { port, end } = await reading((request) => {
    const form = readUpload(request, async (stream) => {
      client.socket.destroy();
      await once(stream, 'never');
      return take();
    });
    request.once('close', () => request.emit('error', new Error('write EPIPE')));
    return form;
  });
  const client = bareClient(port, HEAD + FILE);
  expect(await end).toMatchObject({ status: 400 });
});
