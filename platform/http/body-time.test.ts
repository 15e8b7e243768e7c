import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { bareClient } from '../../system/bare-tcp.fixture.ts';
import { boundBody } from './body-time.ts';

it('a body that falls below the rate is cut with 408 after its grace, long before the end of its time', async () => {
  const server = createServer((request, response) => {
    boundBody(request, { within: 3_600_000, rate: 1_000_000 }, 50);
    request.resume().on('end', () => response.end());
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await bareClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\nabc').hears(/408 Request Timeout/);
  const quick = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'abc' });
  expect(quick.status).toBe(200);
});
