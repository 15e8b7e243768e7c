import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bareClient } from './bare-tcp.fixture.ts';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { jpeg, PDF, png } from './pictures.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
let user: User;
let task: string;
beforeAll(async () => {
  system = await openInstallation({ MEDIA_USER_MB: '12', MEDIA_MOST_BYTES: '8000000' });
  user = await system.register('Uma');
  task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
}, 120_000);
afterAll(() => system.remove());

/** The ids of the files that were taken. */
const taken = new Set<string>();
async function send(...[parts, more]: [Parameters<typeof upload>[1], Parameters<typeof upload>[2]?]): ReturnType<typeof upload> {
  const answer = await upload({ url: system.url(), user }, parts, more);
  if (answer.status === 202) taken.add(answer.body.id);
  return answer;
}
const picture = (name = 'hall.png') => ({ name, bytes: png(40, 30) });

/** The files below a folder of the installation, but for the marks that say whose the store of files is. */
function filesIn(folder: string): string[] {
  return readdirSync(join(system.dataDir, folder), { recursive: true, withFileTypes: true }).flatMap((one) =>
    one.isFile() && !one.parentPath.includes('/files/marks/') ? [join(one.parentPath, one.name)] : [],
  );
}

/** What arrives: what a worker has in hand of files that are here already is none of it. */
const arriving = () => filesIn('spool').filter((path) => !path.includes('/attempt-'));
/** What is stored of no file that was taken; of those that were, workers store sizes and take originals away. */
const strange = () => filesIn('files').filter((path) => ![...taken].some((id) => path.includes(id)));

/** Nothing arrives, and nothing more is stored than what was taken. */
async function leavesNothing<T>(work: () => Promise<T>): Promise<T> {
  const outcome = await work();
  // A worker may just write a size of what was taken before.
  await expect.poll(() => [arriving(), strange()]).toEqual([[], []]);
  return outcome;
}

it('takes a file for a task, whichever of its fields comes first', async () => {
  const first = await send({ file: picture(), task });
  expect([first.status, first.text]).toEqual([202, expect.stringContaining('"pending"')]);
  expect(first.headers.get('location')).toBe(`/api/media/${first.body.id}`);
  expect((await send({ task, file: { name: 'plan.pdf', bytes: PDF } })).status).toBe(202);
  expect((await send({ file: { name: 'hall', bytes: jpeg(40, 30) } }, { query: `?task=${task}` })).status).toBe(202);
  expect(arriving()).toEqual([]);
});

it('takes a file for a comment as soon as that is written, where Read-After says so', async () => {
  const commented = await user.ok(`POST /api/tasks/${task}/comments`, { text: 'See the picture' });
  const { comments } = (await user.ok(`GET /api/tasks/${task}`, undefined, { 'read-after': commented.body.position })).body;
  const comment = comments.at(-1).id;
  expect((await send({ file: picture(), comment }, { headers: { 'read-after': commented.body.position } })).status).toBe(202);
  expect((await send({ file: picture(), comment: task })).body.errors).toEqual([{ pointer: '/comment', detail: expect.any(String) }]);
});

it('does once what is sent twice, and refuses a key that comes with other bytes', async () => {
  const headers = { 'idempotency-key': 'the hall, once' };
  const first = await send({ file: picture(), task }, { headers });
  const known = taken.size;
  const again = await send({ file: picture(), task }, { headers });
  expect([again.status, again.body]).toEqual([202, first.body]);
  expect(taken.size).toBe(known);
  await expect.poll(strange).toEqual([]);
  const other = await leavesNothing(() => send({ file: { name: 'hall.png', bytes: png(41, 30) }, task }, { headers }));
  expect([other.status, other.body.errors[0].pointer]).toEqual([422, 'Idempotency-Key']);
});

const nothing = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';

it('refuses in words whatever is no upload, and keeps nothing of it', async () => {
  const file = picture();
  const refused: [status: number, parts: Parameters<typeof upload>[1]][] = [
    [422, { file }],
    [422, { task }],
    [422, { file: 'no file', task, order: task }],
    [422, { file, task: 'none' }],
    [422, { file, task: nothing }],
    [422, { file, task, colour: 'red' }],
    [422, { file, task, access: 'nobody' }],
    [422, { picture: file, task }],
    [422, { file, second: file, task }],
    [422, { file: { name: 'x.txt', bytes: new Uint8Array() }, task }],
    [422, { file, task: 'x'.repeat(5_000) }],
    [413, { file: { name: 'x.txt', bytes: Buffer.alloc(8_100_000, 'x') }, task }],
    [403, { file, user: system.admin.id }],
  ];
  for (const [status, parts] of refused) {
    const answer = await leavesNothing(() => send(parts));
    expect([answer.status, answer.headers.get('content-type')], `${Object.keys(parts)}: ${answer.text}`).toEqual([
      status,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
  }
});

it('refuses bodies that are no forms', async () => {
  const post = (body: string, type: string) => user.call(`POST /api/media?task=${task}`, body, { 'content-type': type });
  expect((await post('{}', 'application/json')).status).toBe(415);
  expect((await post('x', 'multipart/form-data')).status).toBe(400);
  expect((await post('x', 'multipart/form-data; boundary=b')).status).toBe(400);
  const part = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`;
  const many = Array.from({ length: 100_000 }, (_, index) => part(`f${index}`)).join('');
  expect((await leavesNothing(() => post(`${many}--b--\r\n`, 'multipart/form-data; boundary=b'))).status).toBe(422);
  const bomb = `--b\r\n${Array.from({ length: 20_000 }, (_, index) => `X-${index}: ${'x'.repeat(20)}\r\n`).join('')}\r\n1\r\n--b--\r\n`;
  expect((await leavesNothing(() => post(bomb, 'multipart/form-data; boundary=b'))).status).toBe(422);
  const cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\nhalf of it';
  expect((await leavesNothing(() => post(cut, 'multipart/form-data; boundary=b'))).status).toBe(400);
});

it('keeps nothing of an upload that is aborted half-way', async () => {
  const gone = new AbortController();
  const body = new ReadableStream({
    start: (to) => to.enqueue(Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\nhalf of it')),
  });
  const headers = { authorization: `Bearer ${user.accessToken}`, 'content-type': 'multipart/form-data; boundary=b' };
  const init = { method: 'POST', body, headers, signal: gone.signal, duplex: 'half' } as RequestInit;
  const sent = fetch(`${system.url()}/api/media?task=${task}`, init).catch(() => 'aborted');
  await expect.poll(arriving).toHaveLength(1);
  gone.abort();
  await sent;
  await expect.poll(arriving).toEqual([]);
});

const HALF = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\nhalf of it';
const headOf = (as: User, length: number | string) =>
  `POST /api/media?task=${task} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${as.accessToken}\r\nIdempotency-Key: ${randomUUID()}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${length}\r\n\r\n`;

it('refuses an upload whose Content-Length is wrong, and keeps nothing of it', async () => {
  const port = Number(new URL(system.url()).port);
  const whole = `${HALF}\r\n--b--\r\n`;
  await leavesNothing(async () => {
    // Less than there is: the form breaks off.
    await bareClient(port, `${headOf(user, whole.length - 12)}${whole}`).hears(/^HTTP\/1\.1 400 /);
    // More than was ever sent: the client hangs up while the rest is waited for.
    const longer = bareClient(port, `${headOf(user, whole.length + 100)}${HALF}`);
    await expect.poll(arriving).toHaveLength(1);
    longer.socket.destroy();
    await expect.poll(arriving).toEqual([]);
    for (const length of ['-1', '1x', '1e3']) await bareClient(port, `${headOf(user, length)}${whole}`).hears(/^HTTP\/1\.1 400 /);
  });
});

it('an upload is refused, and nothing of it kept, where its user logged out, lost the right or was deleted before all of it was here', async () => {
  const port = Number(new URL(system.url()).port);
  const rest = '\r\n--b--\r\n';
  const ends: [status: number, happens: (uploader: User) => Promise<unknown>][] = [
    [401, (uploader) => uploader.ok('POST /api/logout')],
    [401, (uploader) => uploader.ok(`DELETE /api/users/${uploader.id}`)],
    [422, (uploader) => system.admin.ok(`PUT /api/users/${uploader.id}/role`, { role: 'resident' })],
  ];
  for (const [status, happens] of ends) {
    const uploader = await system.register('Lea');
    await leavesNothing(async () => {
      const client = bareClient(port, `${headOf(uploader, HALF.length + rest.length)}${HALF}`);
      await expect.poll(arriving).toHaveLength(1);
      await happens(uploader);
      client.socket.write(rest);
      await client.hears(new RegExp(`^HTTP/1\\.1 ${status} `));
    });
  }
});

it('lets a user have so many megabytes of files and no more', async () => {
  const large = () => ({ file: { name: 'x.txt', bytes: Buffer.alloc(7_500_000, 'x') }, task });
  expect((await send(large())).status).toBe(202);
  const refused = await leavesNothing(() => send(large()));
  expect([refused.status, refused.body.detail]).toEqual([403, expect.stringContaining('of the 12 that you may have')]);
});
