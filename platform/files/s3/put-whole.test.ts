import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { readBucketUrl } from '../files-url.ts';
import { openClient } from './client.ts';
import { putWhole } from './put-whole.ts';

const ACCOUNT = { accessKey: 'key', secretKey: 'secret' };
const BYTES = Buffer.alloc(3_000_000, 'some bytes');
const SHA256 = createHash('sha256').update(BYTES).digest();

let from: { path: string; bytes: number; type: string };
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'put-whole-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  from = { path: join(folder, 'one'), bytes: BYTES.length, type: 'text/plain' };
  await writeFile(from.path, BYTES);
});

/** A server that answers the n-th request as it is told to, and keeps what it got; and a client of it, which takes it for Amazon's where `url` names none. */
async function server(answer: (n: number, response: ServerResponse) => void, url?: string) {
  const heard: { headers: IncomingMessage['headers']; body: Buffer }[] = [];
  const listening = createServer(async (request, response) => {
    heard.push({ headers: request.headers, body: await buffer(request) });
    answer(heard.length, response);
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  const { port } = listening.address() as AddressInfo;
  const client = openClient(readBucketUrl(url ?? `s3://bucket?endpoint=http://127.0.0.1:${port}&pathStyle=1`), ACCOUNT);
  client.middlewareStack.add(
    (next) => (args) => {
      Object.assign(args.request as object, { protocol: 'http:', hostname: '127.0.0.1', port });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  return { heard, client };
}

const target = { Bucket: 'bucket', Key: 'media/one/original', key: 'media/one/original' };
const ok = (_: number, response: ServerResponse) => void response.end();

it('signs the bytes by their hash, which is computed where nobody knows it, and sends no other checksum to servers that are not Amazon’s', async () => {
  const { heard, client } = await server(ok);
  await putWhole(client, target, { from, onlyNew: true });
  await putWhole(client, target, { from: { ...from, sha256: SHA256.toString('hex') }, onlyNew: false });
  expect(heard.map(({ headers }) => headers['if-none-match'])).toEqual(['*', undefined]);
  for (const { headers, body } of heard) {
    expect(body.equals(BYTES)).toBe(true);
    expect(headers).toMatchObject({
      'x-amz-content-sha256': SHA256.toString('hex'),
      authorization: expect.stringMatching(/SignedHeaders=[^,]*x-amz-content-sha256/),
      'content-type': 'text/plain',
    });
    expect(Object.keys(headers).filter((name) => /checksum|trailer/.test(name))).toEqual([]);
  }
});

it('gives Amazon’s the hash to keep, and no other checksum behind the bytes', async () => {
  const { heard, client } = await server(ok, 's3://bucket?region=eu-west-1');
  await putWhole(client, target, { from, onlyNew: true });
  const { headers, body } = heard[0] as (typeof heard)[0];
  expect(body.equals(BYTES)).toBe(true);
  expect(headers).toMatchObject({ 'x-amz-checksum-sha256': SHA256.toString('base64'), 'x-amz-content-sha256': SHA256.toString('hex') });
  expect(headers['x-amz-trailer']).toBeUndefined();
});

it.each([
  ['503', (response: ServerResponse) => void response.writeHead(503).end()],
  ['429', (response: ServerResponse) => void response.writeHead(429).end()],
  ['409 (another write of the key is under way)', (response: ServerResponse) => void response.writeHead(409).end()],
  ['a broken connection', (response: ServerResponse) => void response.destroy()],
])('is tried three times after %s, each time with all bytes', async (_, fail) => {
  const { heard, client } = await server((n, response) => (n < 3 ? fail(response) : response.end()));
  await putWhole(client, target, { from, onlyNew: true });
  expect(heard.map(({ body }) => body.equals(BYTES))).toEqual([true, true, true]);
  const never = await server((__, response) => fail(response));
  await expect(putWhole(never.client, target, { from, onlyNew: true })).rejects.toThrow();
  expect(never.heard).toHaveLength(3);
});

it.each([400, 403, 412, 501])('is tried once where the answer is %i', async (status) => {
  const { heard, client } = await server((_, response) => void response.writeHead(status).end());
  await expect(putWhole(client, target, { from, onlyNew: true })).rejects.toMatchObject({ $metadata: { httpStatusCode: status } });
  expect(heard).toHaveLength(1);
});

it('ends with its signal, whatever the server does', async () => {
  const gone = new AbortController();
  const { heard, client } = await server(() => {});
  const put = expect(putWhole(client, target, { from, onlyNew: true, signal: gone.signal })).rejects.toThrow();
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  gone.abort();
  await put;
  expect(heard).toHaveLength(1);
});
