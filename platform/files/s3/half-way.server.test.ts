import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { describeWith, S3_ACCOUNT, versityGw } from '../../../servers/for-tests.fixture.ts';
import { startTcpProxy, type TcpProxy } from '../../event-store/double/tcp-proxy.ts';
import { type Files, FilesUnavailable } from '../files.ts';
import { readBucketUrl } from '../files-url.ts';
import { FILES_PATIENCE, patient } from '../patient.ts';
import { openClient } from './client.ts';
import { openS3Files } from './s3.ts';

const KEY = 'media/one/original';

describeWith(versityGw, 'a bucket whose server is lost half-way', () => {
  let way: TcpProxy;
  let url: ReturnType<typeof readBucketUrl>;
  /** The bucket by the way that is lost, and by one that is not. */
  let files: Files;
  let direct: Files;
  beforeEach(async () => {
    url = readBucketUrl(await versityGw.bucket());
    way = await startTcpProxy(Number(new URL(url.endpoint ?? '').port));
    const lossy = openS3Files({ ...url, endpoint: `http://127.0.0.1:${way.port}` }, S3_ACCOUNT, { partsFrom: 10_000_000 });
    files = patient(lossy, { ...FILES_PATIENCE, silence: 1_000 });
    direct = openS3Files(url, S3_ACCOUNT);
    // The bucket is made, and both know it.
    for (const one of [files, direct]) expect(await one.stat(KEY)).toBeUndefined();
    onTestFinished(async () => {
      await files.close();
      await direct.close();
      await way.close();
    });
  });

  async function local(bytes: Uint8Array) {
    const folder = await mkdtemp(join(tmpdir(), 'half-way-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'one'), bytes);
    return { path: join(folder, 'one'), bytes: bytes.length, type: 'text/plain' };
  }
  const partsUnderWay = async () => {
    const { Uploads = [] } = await openClient(url, S3_ACCOUNT).send(new ListMultipartUploadsCommand({ Bucket: url.bucket }));
    return Uploads.length;
  };

  it('has nothing of an upload in parts, but parts that are swept; a repeat is clean', async () => {
    const bytes = randomBytes(11_000_000);
    const from = await local(bytes);
    way.swallow('to the client');
    const put = expect(files.put(KEY, from)).rejects.toThrow(FilesUnavailable);
    await expect.poll(partsUnderWay).toBeGreaterThan(0);
    await way.refuse();
    await put;
    expect(await direct.stat(KEY)).toBeUndefined();
    way.pass();
    await way.listen();
    await files.put(KEY, from);
    expect((await buffer((await files.read(KEY)).stream)).equals(bytes)).toBe(true);
    expect(await files.sweep(0)).toBeGreaterThan(0);
    expect(await partsUnderWay()).toBe(0);
  }, 120_000);

  it('has nothing of an upload in one request, either, and a repeat is clean', async () => {
    const bytes = randomBytes(9_000_000);
    const from = await local(bytes);
    await way.refuse();
    await expect(files.put(KEY, from)).rejects.toThrow(FilesUnavailable);
    expect(await direct.stat(KEY)).toBeUndefined();
    await way.listen();
    await files.put(KEY, from);
    expect((await buffer((await files.read(KEY)).stream)).equals(bytes)).toBe(true);
  });

  it('may have an object all the same whose answer was lost, and a repeat is clean', async () => {
    const gone = new AbortController();
    const from = await local(Buffer.from('hello'));
    way.swallow('to the client');
    const put = expect(files.put(KEY, from, gone.signal)).rejects.toThrow('not waited for');
    await expect.poll(() => direct.stat(KEY)).toMatchObject({ bytes: 5 });
    gone.abort(new FilesUnavailable('it is not waited for'));
    await put;
    way.pass();
    await files.put(KEY, from);
  });

  it('fails the reader of an object, who is told that the store is away', async () => {
    await direct.put(KEY, await local(randomBytes(40_000_000)));
    for (const lose of [() => way.swallow('to the client'), () => way.cut()]) {
      const { stream } = await files.read(KEY);
      const read = (async () => {
        for await (const _ of stream) lose();
      })();
      await expect(read).rejects.toThrow(FilesUnavailable);
      way.pass();
    }
  });
});
