import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, S3_ACCOUNT, versityGw } from '../../servers/for-tests.fixture.ts';
import { logIn, type User } from '../../system/client.fixture.ts';
import { uploadPatiently } from '../../system/form.fixture.ts';
import { png } from '../../system/pictures.fixture.ts';
import { type Installation, openInstallation } from '../../system/system.fixture.ts';

describeWith(versityGw, 'a private file in a bucket that browsers reach', () => {
  let system: Installation;
  let user: User;
  let task: string;
  beforeAll(async () => {
    const url = await versityGw.bucket();
    system = await openInstallation({
      FILES_URL: `${url}&public=${new URL(url).searchParams.get('endpoint')}`,
      S3_ACCESS_KEY: S3_ACCOUNT.accessKey,
      S3_SECRET_KEY: S3_ACCOUNT.secretKey,
    });
    user = await system.register('Uma');
    task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  }, 300_000);
  afterAll(() => system?.remove());

  /** Uploads a picture; resolves to its id once it can be fetched. */
  async function picture(): Promise<string> {
    const { status, body, text } = await uploadPatiently({ url: system.url(), user }, { task, file: { name: 'hall.png', bytes: png(80, 60) } });
    expect(status, text).toBe(202);
    await expect.poll(async () => (await user.ok(`GET /api/media/${body.id}`)).body.status, { timeout: 50_000 }).toBe('attached');
    return body.id;
  }
  const addressOf = async (id: string, as = user) => (await as.ok(`GET /api/media/${id}/url?size=320`)).body.url;
  const led = async (address: string) => {
    const { status, headers } = await fetch(new URL(address, system.url()), { redirect: 'manual' });
    return { status, location: headers.get('location') };
  };

  it('is fetched at the store, for a minute, as the type and under the name that were signed', async () => {
    const { status, location } = await led(await addressOf(await picture()));
    expect(status).toBe(302);
    const to = new URL(location ?? '');
    expect(to.searchParams.get('X-Amz-Expires')).toBe('60');
    const fetched = await fetch(to);
    expect([fetched.status, fetched.headers.get('content-type'), fetched.headers.get('content-disposition')]).toEqual([
      200,
      'image/webp',
      'inline; filename=hall.webp',
    ]);
    expect(fetched.headers.get('cache-control')).toBe('private, max-age=60');
    expect((await fetched.arrayBuffer()).byteLength).toBeGreaterThan(10);
    for (const [name, value] of [
      ['response-content-type', 'text/html'],
      ['response-content-disposition', 'inline; filename=x.html'],
      ['response-cache-control', 'public, max-age=9999'],
      ['X-Amz-Expires', '6000'],
    ] as const) {
      const forged = new URL(to);
      forged.searchParams.set(name, value);
      expect((await fetch(forged)).status, name).toBe(403);
    }
    to.searchParams.delete('X-Amz-Signature');
    expect((await fetch(to)).ok).toBe(false);
  });

  it('is at the same address of the store when its list is shown again within the same half minute', async () => {
    const address = await addressOf(await picture());
    const twice = async () => new Set([(await led(address)).location, (await led(address)).location]);
    await expect.poll(async () => (await twice()).size).toBe(1);
  });

  it('is not fetched any more after a logout, with the right lost, or once it is deleted', async () => {
    const id = await picture();
    const again = await logIn(system.url, user);
    const ofSession = await addressOf(id, again);
    const others = await addressOf(id, system.admin);
    expect([(await led(ofSession)).status, (await led(others)).status]).toEqual([302, 302]);
    await again.ok('POST /api/logout');
    await expect.poll(() => led(ofSession)).toEqual({ status: 403, location: null });
    const own = await addressOf(id);
    await user.ok(`DELETE /api/media/${id}`);
    expect(await led(own)).toEqual({ status: 403, location: null });
    expect(await led(others)).toEqual({ status: 403, location: null });
    const last = await picture();
    const lost = await addressOf(last);
    expect((await led(lost)).status).toBe(302);
    await user.ok(`DELETE /api/tasks/${task}`);
    expect(await led(lost)).toEqual({ status: 403, location: null });
  });
});
