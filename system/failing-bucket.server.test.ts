import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { readBucketUrl } from '../platform/files/files-url.ts';
import { openFiles } from '../platform/files/open.ts';
import { openClient } from '../platform/files/s3/client.ts';
import { describeWith, S3_ACCOUNT, versityGw } from '../servers/for-tests.fixture.ts';
import type { User } from './client.fixture.ts';
import { type FailingBucket, openFailingBucket, type S3Operation } from './failing-bucket.fixture.ts';
import { upload, uploadPatiently } from './form.fixture.ts';
import { png } from './pictures.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const SMALL = Buffer.alloc(100_000, 'a text of some size\n');
/** More than goes in one request. */
const LARGE = Buffer.alloc(70_000_000, 'a text of another size\n');

describeWith(versityGw, 'a bucket in which something fails', () => {
  let way: FailingBucket;
  let bucketUrl: string;
  let system: Installation;
  let user: User;
  let task: string;
  beforeAll(async () => {
    bucketUrl = await versityGw.bucket();
    way = await openFailingBucket(new URL(bucketUrl).searchParams.get('endpoint') ?? '');
    const { bucket } = readBucketUrl(bucketUrl);
    system = await openInstallation({
      FILES_URL: `s3://${bucket}?endpoint=${way.endpoint}&pathStyle=1`,
      S3_ACCESS_KEY: S3_ACCOUNT.accessKey,
      S3_SECRET_KEY: S3_ACCOUNT.secretKey,
      MEDIA_MOST_BYTES: '80000000',
      MEDIA_USER_MB: '5000',
      UPLOAD_LIMIT: '1000',
    });
    user = await system.register('Uma');
    return async () => {
      way.close();
      await system.remove();
    };
  }, 300_000);
  afterEach(() => way.pass());

  const newTask = async () => {
    task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  };
  const send = (bytes: Uint8Array, key: string) =>
    upload({ url: system.url(), user }, { task, file: { name: 'x.txt', bytes } }, { headers: { 'idempotency-key': key } });
  const onTask = async (after: string) => (await user.ok(`GET /api/media?task=${task}`, undefined, { 'read-after': after })).body.items;
  const becomes = (id: string, status: string) =>
    expect.poll(async () => (await user.ok(`GET /api/media/${id}`)).body.status, { timeout: 100_000 }).toBe(status);
  /** The objects of a file, and the uploads in parts that have not ended, asked past the failing way. */
  async function stored(id = ''): Promise<string[]> {
    const files = await openFiles(bucketUrl, { dataDir: '/nowhere', ...S3_ACCOUNT });
    const keys: string[] = [];
    for await (const { key } of files.list(`media/${id}`)) keys.push(key);
    await files.close();
    return keys;
  }
  async function underWay(): Promise<number> {
    const url = readBucketUrl(bucketUrl);
    const { Uploads = [] } = await openClient(url, S3_ACCOUNT).send(new ListMultipartUploadsCommand({ Bucket: url.bucket }));
    return Uploads.length;
  }
  /** A file that is on the task, and looked at; resolves to its id. */
  async function added(name: string, bytes: Uint8Array): Promise<string> {
    const { status, body, text } = await uploadPatiently({ url: system.url(), user }, { task, file: { name, bytes } });
    expect(status, text).toBe(202);
    await becomes(body.id, 'attached');
    return body.id;
  }

  const uploads: [S3Operation, Buffer][] = [
    ['put', SMALL],
    ['create', LARGE],
    ['part', LARGE],
    ['complete', LARGE],
  ];
  it.each(uploads)(
    'takes no upload while “%s” fails: 503, nothing is recorded and no byte left, and a repeat is clean',
    async (operation, bytes) => {
      await newTask();
      const before = await stored();
      way.fail([operation]);
      const refused = await send(bytes, `${operation} fails`);
      expect([refused.status, refused.body.code, refused.headers.get('retry-after')], refused.text).toEqual([
        503,
        'unavailable',
        expect.stringMatching(/^[1-9]/),
      ]);
      expect(way.failed()).toBeGreaterThan(0);
      way.pass();
      expect([await stored(), await underWay()]).toEqual([before, 0]);
      const taken = await send(bytes, `${operation} fails`);
      expect(taken.status, taken.text).toBe(202);
      expect(await onTask(taken.body.position)).toMatchObject([{ id: taken.body.id, bytes: bytes.length }]);
      expect((await send(bytes, `${operation} fails`)).body).toEqual(taken.body);
      expect(await stored(taken.body.id)).toEqual([`media/${taken.body.id}/original`]);
    },
    300_000,
  );

  it('takes an upload whose bytes are stored though the answer was lost: 503, and the repeat is the same file', async () => {
    await newTask();
    way.fail(['put'], 'answer lost');
    const refused = await send(SMALL, 'lost');
    way.pass();
    const taken = await send(SMALL, 'lost');
    expect([taken.status, await stored(taken.body.id)], taken.text).toEqual([202, [`media/${taken.body.id}/original`]]);
    expect(await onTask(taken.body.position)).toHaveLength(1);
    // Tried again at once, the store itself says that the bytes are there.
    expect([202, 503]).toContain(refused.status);
  });

  it('takes no upload where the store answers after a minute: 503, nothing is recorded, and a repeat is clean', { timeout: 400_000 }, async () => {
    await newTask();
    way.fail(['put'], 'a minute late');
    const refused = await send(SMALL, 'late');
    expect([refused.status, refused.body.code], refused.text).toEqual([503, 'unavailable']);
    expect((await user.ok(`GET /api/media?task=${task}`)).body.items).toEqual([]);
    way.pass();
    const taken = await send(SMALL, 'late');
    expect([taken.status, await stored(taken.body.id)], taken.text).toEqual([202, [`media/${taken.body.id}/original`]]);
    expect(await onTask(taken.body.position)).toHaveLength(1);
  });

  it.each<S3Operation>(['get', 'head'])('gives no file out while “%s” fails: 503, and has it afterwards', async (operation) => {
    await newTask();
    const id = await added('x.txt', SMALL);
    const { url } = (await user.ok(`GET /api/media/${id}/url`)).body;
    way.fail([operation]);
    const refused = await fetch(new URL(url, system.url()));
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('cache-control')], await refused.text()).toEqual([
      503,
      expect.stringMatching(/^[1-9]/),
      expect.not.stringContaining('max-age'),
    ]);
    way.pass();
    const fetched = await fetch(new URL(url, system.url()));
    expect([fetched.status, Buffer.from(await fetched.arrayBuffer()).equals(SMALL)]).toEqual([200, true]);
  });

  it.each<S3Operation>(['head', 'get'])(
    'waits with the sizes of a picture while “%s” fails, refuses none, and makes them afterwards',
    async (operation) => {
      await newTask();
      way.fail([operation]);
      const { status, body, text } = await upload({ url: system.url(), user }, { task, file: { name: 'hall.png', bytes: png(80, 60) } });
      expect(status, text).toBe(202);
      await expect.poll(way.failed).toBeGreaterThan(0);
      expect((await user.ok(`GET /api/media/${body.id}`, undefined, { 'read-after': body.position })).body.status).toBe('pending');
      way.pass();
      await becomes(body.id, 'attached');
      expect(await stored(body.id)).toEqual([`media/${body.id}/320`, `media/${body.id}/full`]);
    },
    300_000,
  );

  it.each<S3Operation>(['delete', 'list'])(
    'deletes a file though “%s” fails: nobody gets it any more, and its bytes are the sweep’s',
    async (operation) => {
      await newTask();
      const id = await added('x.txt', SMALL);
      const { url } = (await user.ok(`GET /api/media/${id}/url`)).body;
      way.fail([operation]);
      const { body } = await user.ok(`DELETE /api/media/${id}`);
      expect(await onTask(body.position)).toEqual([]);
      await expect.poll(way.failed).toBeGreaterThan(0);
      expect((await fetch(new URL(url, system.url()))).status).toBe(403);
      expect((await user.call(`GET /api/media/${id}`)).status).toBe(404);
      // Others are deleted as if nothing had been.
      way.pass();
      const other = await added('y.txt', SMALL);
      await user.ok(`DELETE /api/media/${other}`);
      await expect.poll(() => stored(other)).toEqual([]);
    },
  );
});
