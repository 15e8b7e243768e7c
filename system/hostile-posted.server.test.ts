import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFiles } from '../platform/files/open.ts';
import { describeWith, S3_ACCOUNT, versityGw } from '../servers/for-tests.fixture.ts';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { type HostileFile, hostileFiles } from './hostile-files.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

/** Of the hostile files each so-manyth goes either way: all of them are sent to a system with a folder. */
const EVERY = 9;
/** What browsers may say of a file whose type the store does not look at. */
const TYPE = 'application/octet-stream';

describeWith(versityGw, 'hostile files, where files are in a bucket', () => {
  let filesUrl: string;
  let system: Installation;
  let user: User;
  let task: string;
  const files = hostileFiles(20_261_129).filter((_, index) => index % EVERY === 0);
  beforeAll(async () => {
    const url = await versityGw.bucket();
    filesUrl = `${url}&public=${new URL(url).searchParams.get('endpoint')}`;
    system = await openInstallation({ FILES_URL: filesUrl, S3_ACCESS_KEY: S3_ACCOUNT.accessKey, S3_SECRET_KEY: S3_ACCOUNT.secretKey });
    user = await system.register('Mallory');
    task = (await user.ok('POST /api/tasks', { title: 'Hostile files' })).body.id;
  }, 300_000);
  afterAll(() => system?.remove());

  async function stored(): Promise<string[]> {
    const bucket = await openFiles(filesUrl, { dataDir: '/nowhere', ...S3_ACCOUNT });
    const keys: string[] = [];
    for (const area of ['incoming/', 'media/']) for await (const { key } of bucket.list(area)) keys.push(key);
    await bucket.close();
    return keys;
  }

  /** Posts a file to the store, and comes back with its ticket; the refusal, wherever it comes. */
  async function posted({ name, bytes }: HostileFile) {
    const offer = await user.call('POST /api/media/direct', { name, type: TYPE, bytes: bytes.length, task });
    if (offer.status !== 201) return offer;
    const form = new FormData();
    for (const [field, value] of Object.entries<string>(offer.body.fields)) form.append(field, value);
    form.append('file', new Blob([new Uint8Array(bytes)]), 'file');
    const taken = await fetch(offer.body.url, { method: 'POST', body: form });
    expect(taken.status, await taken.text()).toBeLessThan(300);
    let answer = await user.call('POST /api/media/direct/finish', { ticket: offer.body.ticket });
    while (answer.status === 503 || answer.body.status === 'arriving')
      answer = await user.call('POST /api/media/direct/finish', { ticket: offer.body.ticket });
    return answer;
  }

  it.each([
    ['posted to the store', posted],
    ['sent through us', ({ name, bytes }: HostileFile) => upload({ url: system.url(), user }, { task, file: { name, bytes } })],
  ])('are each refused in words when they are %s, and no byte of any is kept', { timeout: 600_000 }, async (_, send) => {
    expect(files.length).toBeGreaterThan(50);
    const taken: string[] = [];
    for (const file of files) {
      const { status, text, body } = await send(file);
      if (status < 400 || status >= 500 || !body.detail) taken.push(`${file.why}: ${status} ${text}`);
    }
    expect(taken).toEqual([]);
    expect(await stored()).toEqual([]);
    expect((await user.ok(`GET /api/media?task=${task}`)).body.items).toEqual([]);
  });
});
