import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { CreateMultipartUploadCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { describeWith, S3_ACCOUNT, startS3Server, versityGw } from '../../../servers/for-tests.fixture.ts';
import { describeCopying } from '../copy-files.suite.ts';
import { describeFiles } from '../files.suite.ts';
import { FilesUnavailable } from '../files.ts';
import { type BucketUrl, readBucketUrl } from '../files-url.ts';
import { openFiles } from '../open.ts';
import { patient } from '../patient.ts';
import { openClient } from './client.ts';
import { openS3Files } from './s3.ts';

const open = (url: string) => openFiles(url, { dataDir: '/nowhere', ...S3_ACCOUNT });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function local(bytes: Uint8Array | string) {
  const path = join(folder, randomBytes(8).toString('hex'));
  await writeFile(path, bytes);
  return { path, bytes: bytes.length, type: 'text/plain' };
}

describeWith(versityGw, 'files in a bucket', () => {
  // Above the smallest size of a part, 5 MiB.
  let opened: BucketUrl;
  const inParts = async () => {
    opened = readBucketUrl(await versityGw.bucket());
    return patient(openS3Files(opened, S3_ACCOUNT, { partsFrom: 5_000_000 }));
  };
  const stray = async (Key: string) => {
    await openClient(opened, S3_ACCOUNT).send(
      new PutObjectCommand({ Bucket: opened.bucket, Key: `${opened.prefix}${Key}`, Body: 'of somebody else' }),
    );
  };
  describeFiles('S3', inParts, {
    large: 11_000_000,
    runs: 10,
    stray,
    ordered: async () => (await versityGw.kind()) !== 'SeaweedFS',
  });

  it('go there in one request up to a size, and only where they are what they were', async () => {
    const files = await open(await versityGw.bucket());
    const bytes = randomBytes(11_000_000);
    const from = await local(bytes);
    const wrong = createHash('sha256').update('other bytes').digest('hex');
    await expect(files.put('media/one/original', { ...from, sha256: wrong })).rejects.toThrow(FilesUnavailable);
    expect(await files.stat('media/one/original')).toBeUndefined();
    await files.put('media/one/original', { ...from, sha256: createHash('sha256').update(bytes).digest('hex') });
    expect((await buffer((await files.read('media/one/original')).stream)).equals(bytes)).toBe(true);
  });

  it('have a prefix of their own, beside what others keep in the bucket', async () => {
    const url = await versityGw.bucket();
    const [ours, others] = [await open(url.replace('?', '/ours?')), await open(url)];
    await ours.put('media/one/original', await local('ours'));
    await others.put('media/one/original', await local('theirs'));
    expect(await text((await ours.read('media/one/original')).stream)).toBe('ours');
    const keys = [];
    for await (const { key } of ours.list('')) keys.push(key);
    expect(keys).toEqual(['media/one/original']);
  });

  it('are fetched and posted by clients themselves only where the URL says how they reach the server', async () => {
    const url = await versityGw.bucket();
    expect((await open(url)).directGet).toBeUndefined();
    expect((await open(url)).directPost).toBeUndefined();
    const files = await open(`${url}&public=${new URL(url).searchParams.get('endpoint')}`);
    await files.put('media/one/original', await local('hello'));
    const got = await fetch(
      (await files.directGet?.('media/one/original', {
        from: new Date(),
        seconds: 60,
        type: 'text/x-own',
        disposition: 'attachment',
        cacheControl: 'private, max-age=1',
      })) ?? '',
    );
    expect([got.status, got.headers.get('content-type'), got.headers.get('content-disposition'), await got.text()]).toEqual([
      200,
      'text/x-own',
      'attachment',
      'hello',
    ]);
  });

  it('sweep uploads in parts that never ended', async () => {
    const url = readBucketUrl(await versityGw.bucket());
    const files = await open(`s3://${url.bucket}?endpoint=${url.endpoint}&pathStyle=1`);
    await files.put('media/one/original', await local('x'));
    await openClient(url, S3_ACCOUNT).send(new CreateMultipartUploadCommand({ Bucket: url.bucket, Key: 'media/half/original' }));
    expect(await files.sweep(3_600_000)).toBe(0);
    expect(await files.sweep(0)).toBe(1);
    expect(await files.sweep(0)).toBe(0);
  });

  it('are refused with a wrong key, which is in no error', async () => {
    const files = await openFiles(await versityGw.bucket(), { dataDir: '/nowhere', accessKey: S3_ACCOUNT.accessKey, secretKey: 'hunter2hunter2' });
    const error = await files.put('media/one/original', await local('x')).catch((refusal: Error) => refusal);
    expect(error).toBeInstanceOf(FilesUnavailable);
    expect(String(error)).not.toContain('hunter2');
  });
});

describe.runIf(versityGw.missing === null)('a bucket whose server goes', () => {
  it('is away while it is, and has everything when it is back', async ({ skip }) => {
    const server = await startS3Server();
    onTestFinished(() => server.close());
    skip(server.kind === 'SeaweedFS', 'SeaweedFS answers before its volumes are there again');
    const files = await open(server.url);
    await files.put('media/one/original', await local('here'));
    await server.kill();
    await expect(files.stat('media/one/original')).rejects.toThrow(FilesUnavailable);
    await expect(files.put('media/two/original', await local('x'))).rejects.toThrow(FilesUnavailable);
    await server.restart();
    expect(await text((await files.read('media/one/original')).stream)).toBe('here');
    expect(await files.stat('media/two/original')).toBeUndefined();
  });
});

/** A server that takes any request, and tells the headers of the last one. */
async function listener(status: number) {
  const heard: { headers: Record<string, unknown>[] } = { headers: [] };
  const server = createServer((request, response) => {
    heard.headers.push(request.headers);
    request.resume().on('end', () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { heard, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('checksums that the SDK adds by itself', () => {
  const put = (url: string) =>
    openClient({ ...readBucketUrl(url) }, S3_ACCOUNT).send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'bytes' }));

  it('are not sent to servers that are not Amazon’s', async () => {
    const { heard, endpoint } = await listener(200);
    const url = `s3://bucket?endpoint=${endpoint}&pathStyle=1`;
    await put(url);
    const client = openClient(readBucketUrl(url), S3_ACCOUNT);
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: Readable.from(['bytes']), ContentLength: 5 }));
    await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    expect(heard.headers).toHaveLength(3);
    for (const headers of heard.headers) expect(Object.keys(headers).filter((name) => /checksum|trailer/.test(name))).toEqual([]);
  });

  it('are sent to Amazon’s, and asked of it', async () => {
    const { heard, endpoint } = await listener(200);
    const client = openClient(readBucketUrl('s3://bucket?region=eu-west-1'), S3_ACCOUNT);
    const { hostname, port } = new URL(endpoint);
    // What is made for Amazon's address goes to the listener.
    client.middlewareStack.add(
      (next) => (args) => {
        Object.assign(args.request as object, { protocol: 'http:', hostname, port: Number(port) });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'bytes' }));
    await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
    expect(heard.headers.map(({ host }) => host)).toEqual(Array(2).fill('bucket.s3.eu-west-1.amazonaws.com'));
    expect(heard.headers[0]).toMatchObject({ 'x-amz-checksum-crc32': expect.any(String) });
    expect(heard.headers[1]).toMatchObject({ 'x-amz-checksum-mode': 'ENABLED' });
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: Readable.from(['bytes']), ContentLength: 5 }));
    expect(heard.headers[2]).toMatchObject({ 'x-amz-trailer': 'x-amz-checksum-crc32', 'x-amz-content-sha256': expect.stringMatching(/TRAILER/) });
    expect(await client.config.requestChecksumCalculation()).toBe('WHEN_SUPPORTED');
    expect(await client.config.responseChecksumValidation()).toBe('WHEN_SUPPORTED');
  });
});

describeWith(versityGw, 'moving', () => {
  const inFolder = async () => openFiles(`file:${await mkdtemp(join(folder, 'moving-'))}`, { dataDir: '/nowhere' });
  describeCopying('from a folder to S3', async () => [await inFolder(), await open(await versityGw.bucket())]);
  describeCopying('from S3 to a folder', async () => [await open(await versityGw.bucket()), await inFolder()]);
});
