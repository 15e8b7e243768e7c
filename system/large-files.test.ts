import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const MEGA = 1024 * 1024;
const SIZE = 1024 * MEGA;
/** Bytes by which the process may grow with a file of any size: what it has read and V8 has not yet forgotten. */
const MOST_GROWTH = 256 * MEGA;

let system: Installation;
let user: User;
let task: string;
beforeAll(async () => {
  system = await openInstallation({ MEDIA_MOST_BYTES: String(2 * SIZE), MEDIA_USER_MB: '5000' });
  user = await system.register('Greta');
  task = (await user.ok('POST /api/tasks', { title: 'A film of the hall' })).body.id;
}, 120_000);
afterAll(() => system.remove());

/** The bytes of memory that the process has had at most. */
function peak(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${system.program().pid}/status`, 'utf8'))?.[1]) * 1_024;
}

/** A PDF of a gigabyte, in a form; in the memory of a megabyte. */
function* form(): Generator<Buffer> {
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="film.pdf"\r\n\r\n%PDF-1.7\n';
  const middle = Buffer.alloc(MEGA, 'taskledger');
  yield Buffer.from(head);
  for (let n = 0; n < SIZE / MEGA; n++) yield middle;
  yield Buffer.from('\n%%EOF\n\r\n--b--\r\n');
}

async function uploaded(): Promise<{ status: number | undefined; body: { id: string } }> {
  const headers = { authorization: `Bearer ${user.accessToken}`, 'content-type': 'multipart/form-data; boundary=b', 'idempotency-key': 'film' };
  const sent = request(`${system.url()}/api/media?task=${task}`, { method: 'POST', headers });
  const answered = new Promise<{ status: number | undefined; body: { id: string } }>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (answer) => text(answer).then((body) => resolve({ status: answer.statusCode, body: JSON.parse(body) }), reject));
  });
  await Promise.all([pipeline(Readable.from(form()), sent), answered]);
  return answered;
}

it.runIf(process.platform === 'linux')(
  'takes a file of a gigabyte and gives it out again in the memory of a small one',
  async () => {
    const before = peak();
    const { status, body } = await uploaded();
    expect(status).toBe(202);
    expect(peak() - before).toBeLessThan(MOST_GROWTH);
    // It may be fetched once it was looked at.
    const statusOf = async () => (await user.ok(`GET /api/media/${body.id}`)).body.status;
    await expect.poll(statusOf, { timeout: 300_000 }).toBe('attached');
    const { url } = (await user.ok(`GET /api/media/${body.id}/url?size=original`)).body;
    let bytes = 0;
    for await (const piece of (await fetch(new URL(url, system.url()))).body ?? []) bytes += piece.length;
    expect(bytes).toBe(SIZE + '%PDF-1.7\n'.length + '\n%%EOF\n'.length);
    expect(peak() - before).toBeLessThan(MOST_GROWTH);
  },
  900_000,
);
