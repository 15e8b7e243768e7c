import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFiles } from '../../../platform/files/open.ts';
import { describeWith, S3_ACCOUNT, versityGw } from '../../../servers/for-tests.fixture.ts';
import type { Reply, User } from '../../../system/client.fixture.ts';
import { upload } from '../../../system/form.fixture.ts';
import { PDF, png } from '../../../system/pictures.fixture.ts';
import { type Installation, openInstallation } from '../../../system/system.fixture.ts';

const picture = png(80, 60);
const file = { name: 'hall.png', type: 'image/png' };

interface Offered {
  id: string;
  url: string;
  fields: Record<string, string>;
  expiresAt: string;
  ticket: string;
}

/** Posts a form to the store, as a browser does; resolves to the status. */
async function post({ url, fields }: Offered, bytes: Uint8Array, changed: Record<string, string> = {}): Promise<number> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...changed })) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'hall.png');
  const response = await fetch(url, { method: 'POST', body: form });
  await response.arrayBuffer();
  return response.status;
}

describeWith(versityGw, 'a file that its client posts to the store itself', () => {
  let filesUrl: string;
  let system: Installation;
  let user: User;
  let task: string;
  beforeAll(async () => {
    const url = await versityGw.bucket();
    filesUrl = `${url}&public=${new URL(url).searchParams.get('endpoint')}`;
    system = await openInstallation({
      FILES_URL: filesUrl,
      S3_ACCESS_KEY: S3_ACCOUNT.accessKey,
      S3_SECRET_KEY: S3_ACCOUNT.secretKey,
      MEDIA_USER_MB: '3',
      MEDIA_MOST_BYTES: '2000000',
    });
    user = await system.register('Uma');
    task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  }, 300_000);
  afterAll(() => system?.remove());

  const ask = (what: object = {}, as = user, headers = {}) =>
    as.call('POST /api/media/direct', { ...file, bytes: picture.length, task, ...what }, headers);
  const offered = async (what: object = {}, headers = {}): Promise<Offered> => {
    const { status, body, text } = await ask(what, user, headers);
    expect(status, text).toBe(201);
    return body;
  };
  /** Comes back with a ticket, again while nothing can be received just now, as on a machine that has other work. */
  const finish = async (ticket: string, as = user): Promise<Reply> => {
    let answer = await as.call('POST /api/media/direct/finish', { ticket });
    for (let tries = 1; answer.status === 503 && tries < 20; tries++) answer = await as.call('POST /api/media/direct/finish', { ticket });
    return answer;
  };
  const becomes = (id: string, status: string) =>
    expect.poll(async () => (await user.ok(`GET /api/media/${id}`)).body.status, { timeout: 50_000 }).toBe(status);
  /** The objects that were posted and that nobody has received. */
  async function incoming(): Promise<string[]> {
    const files = await openFiles(filesUrl, { dataDir: '/nowhere', ...S3_ACCOUNT });
    const keys: string[] = [];
    for await (const { key } of files.list('incoming/')) keys.push(key);
    await files.close();
    return keys;
  }

  it('is received as any other, served in its sizes, and leaves no object where it was posted', async () => {
    const offer = await offered();
    expect(offer.url).toContain(new URL(filesUrl).hostname);
    expect(Object.keys(offer.fields)).toEqual(expect.arrayContaining(['key', 'Policy', 'Content-Type']));
    expect(offer.fields.key).toMatch(new RegExp(`^incoming/[0-9a-f-]{36}/${offer.id}$`));
    expect(await post(offer, picture)).toBeLessThan(300);
    const { status, body, headers } = await finish(offer.ticket);
    expect([status, body]).toEqual([202, { id: offer.id, status: 'pending', revision: 0, position: expect.any(String) }]);
    expect(headers.get('location')).toBe(`/api/media/${offer.id}`);
    expect(await incoming()).toEqual([]);
    await becomes(offer.id, 'attached');
    expect((await user.ok(`GET /api/media/${offer.id}`)).body).toMatchObject({ ...file, width: 80, height: 60, of: { kind: 'task', id: task } });
    const { url } = (await user.ok(`GET /api/media/${offer.id}/url?size=320`)).body;
    const served = await fetch(new URL(url, system.url()));
    expect([served.status, served.headers.get('content-type')]).toEqual([200, 'image/webp']);
  });

  it('is received once, however often its client comes back, at once too', async () => {
    const offer = await offered();
    await post(offer, picture);
    const answers = await Promise.all([finish(offer.ticket), finish(offer.ticket)]);
    expect(answers.map(({ status, body }) => [status, body.id])).toEqual(Array(2).fill([202, offer.id]));
    const later = await finish(offer.ticket);
    expect([later.status, later.body.id]).toEqual([202, offer.id]);
    await becomes(offer.id, 'attached');
    expect((await finish(offer.ticket)).body).toMatchObject({ id: offer.id, status: 'attached' });
    expect(await incoming()).toEqual([]);
  });

  it('is one file with the upload through us of the same Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'the hall, twice' };
    const offer = await offered({}, headers);
    expect((await offered({}, headers)).id).toBe(offer.id);
    await post(offer, picture);
    const through = await upload({ url: system.url(), user }, { task, file: { name: file.name, bytes: picture } }, { headers });
    expect([through.status, through.body.id]).toEqual([202, offer.id]);
    expect((await finish(offer.ticket)).body.id).toBe(offer.id);
    expect(await incoming()).toEqual([]);
    const other = await offered({ bytes: picture.length + 1 }, headers);
    expect((await finish(other.ticket)).body.errors[0].pointer).toBe('Idempotency-Key');
  });

  it('is refused by the store where it has another size, type or key than was said', async () => {
    const offer = await offered();
    const longer = Buffer.concat([picture, Buffer.from('x')]);
    expect(await post(offer, longer)).toBeGreaterThanOrEqual(400);
    expect(await post(offer, picture.subarray(1))).toBeGreaterThanOrEqual(400);
    expect(await post(offer, picture, { 'Content-Type': 'text/html' })).toBeGreaterThanOrEqual(400);
    expect(await post(offer, picture, { key: `media/${offer.id}/original` })).toBeGreaterThanOrEqual(400);
    expect(await incoming()).toEqual([]);
    const early = await finish(offer.ticket);
    expect([early.status, early.body.code, early.body.detail]).toEqual([409, 'conflict', expect.stringContaining('Nothing has been posted')]);
  });

  it('is refused by the store after the form has ended', async () => {
    const files = await openFiles(filesUrl, { dataDir: '/nowhere', ...S3_ACCOUNT });
    const ended = await files.directPost?.('incoming/aaaa/upload', { seconds: -60, type: file.type, bytes: picture.length });
    expect(await post(ended as Offered, picture)).toBeGreaterThanOrEqual(400);
    expect(await incoming()).toEqual([]);
    await files.close();
  });

  it('is refused like any other for what it is, in words, and nothing of it is kept', async () => {
    const lying = await offered({ bytes: PDF.length });
    await post(lying, PDF);
    const refused = await finish(lying.ticket);
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/file']);
    const archive = Buffer.concat([Buffer.from('PK\x03\x04'), randomBytes(200)]);
    const zip = await offered({ name: 'x.pdf', type: 'application/pdf', bytes: archive.length });
    await post(zip, archive);
    expect((await finish(zip.ticket)).status).toBeGreaterThanOrEqual(415);
    expect((await user.call(`GET /api/media/${zip.id}`)).status).toBe(404);
    expect(await incoming()).toEqual([]);
  });

  it('has a ticket that is its user’s alone, and that nobody makes up', async () => {
    const offer = await offered();
    await post(offer, picture);
    const other = await system.register('Olga');
    const [said = '', key = '', signature = ''] = offer.ticket.split('.');
    const changed = Buffer.from(Buffer.from(said, 'base64url').toString().replace(user.id, other.id)).toString('base64url');
    for (const [ticket, as] of [
      [offer.ticket, other],
      [`${changed}.${key}.${signature}`, other],
      [`${said}.${key}.${signature.slice(1)}`, user],
      [`${said}.none.${signature}`, user],
      ['x', user],
    ] as const) {
      const { status, body } = await finish(ticket, as);
      expect([status, body.code, body.errors[0].pointer], ticket).toEqual([403, 'forbidden', '/ticket']);
    }
    expect((await user.call('POST /api/media/direct/finish', { ticket: '' })).status).toBe(422);
    expect((await finish(offer.ticket)).status).toBe(202);
  });

  it('is not received for who lost the right to add it meanwhile', async () => {
    const own = (await user.ok('POST /api/tasks', { title: 'Gone soon' })).body.id;
    const offer = await offered({ task: own });
    await post(offer, picture);
    await user.ok(`DELETE /api/tasks/${own}`);
    expect((await finish(offer.ticket)).status).toBe(422);
    expect((await user.call(`GET /api/media/${offer.id}`)).status).toBe(404);
  });

  it('is refused before it is sent where it is for nothing, too large, or for a thing of others', async () => {
    const refused: [status: number, what: object][] = [
      [422, { task: undefined }],
      [422, { task: 'none' }],
      [422, { order: task }],
      [422, { bytes: 0 }],
      [422, { type: 'text/plain; charset=utf-8' }],
      [422, { name: 'x'.repeat(10_000) }],
      [422, { colour: 'red' }],
      [413, { bytes: 2_000_001 }],
      [422, { name: 'x.zip', type: 'application/zip' }],
      [415, { name: 'IMG_1.HEIC', type: 'image/heic' }],
      [422, { name: 'hall.png.exe' }],
      [403, { task: undefined, user: system.admin.id }],
    ];
    for (const [status, what] of refused) expect((await ask(what)).status, JSON.stringify(what).slice(0, 80)).toBe(status);
    expect((await system.call('POST /api/media/direct', { ...file, bytes: 1, task })).status).toBe(401);
  });

  it('is refused for want of room before it is sent, where forms that were given out may bring as much, also once that is received', async () => {
    const large = { name: 'x.txt', type: 'text/plain', bytes: 1_600_000 };
    const one = await offered(large);
    const refused = async () => {
      const { status, body } = await ask(large);
      expect([status, body.detail]).toEqual([403, expect.stringContaining('of the 3 that you may have')]);
    };
    await refused();
    expect(await post(one, Buffer.alloc(large.bytes, 'x'))).toBeLessThan(300);
    await refused();
    expect((await finish(one.ticket)).status).toBe(202);
    await refused();
    expect(await incoming()).toEqual([]);
  });
});

it('is told to send it through us where the store takes nothing from clients', async () => {
  const system = await openInstallation();
  try {
    const user = await system.register('Uma');
    const task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
    const { status, body } = await user.call('POST /api/media/direct', { ...file, bytes: 1, task });
    expect([status, body.detail]).toEqual([404, expect.stringContaining('POST /api/media.')]);
  } finally {
    await system.remove();
  }
}, 300_000);
