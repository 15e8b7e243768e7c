import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../servers/free-port.ts';
import { upload } from './form.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const TOLD = 'MEDIA_PUBLIC_URL is not set';

let system: Installation;
/** The origin of files: the same process under another name. */
let files: string;
beforeAll(async () => {
  const port = await freePort();
  files = `http://localhost:${port}`;
  system = await openInstallation({ PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}`, MEDIA_PUBLIC_URL: files });
}, 300_000);
afterAll(() => system.remove());

it('an origin of their own serves files, and neither API nor page nor sockets', async () => {
  const user = await system.register('Uma');
  const task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  const { id } = (await upload({ url: system.url(), user }, { task, file: { name: 'notes.txt', bytes: Buffer.from('notes') } })).body;
  await expect.poll(async () => (await user.ok(`GET /api/media/${id}`)).body.status).toBe('attached');
  const { url } = (await user.ok(`GET /api/media/${id}/url`)).body;
  expect(url).toMatch(`${files}/media/`);
  const served = await fetch(url);
  expect([served.status, await served.text()]).toEqual([200, 'notes']);

  const headers = { authorization: `Bearer ${user.accessToken}` };
  for (const path of [
    '/',
    '/live.js',
    '/api/tasks',
    '/api/v1/me',
    `/api/media/${id}`,
    '/livez',
    '/metrics',
    '/media',
    '/socket.io/?EIO=4&transport=polling',
  ]) {
    const there = await fetch(`${files}${path}`, { headers });
    expect([there.status >= 400, await there.text()], path).toEqual([true, expect.not.stringContaining(user.id)]);
  }
  const form = await fetch(`${files}/api/login`, { method: 'POST', body: JSON.stringify(user), headers: { 'content-type': 'application/json' } });
  expect([form.status, form.headers.get('content-type')]).toEqual([404, expect.stringContaining('problem+json')]);
  expect((await user.call('GET /api/tasks')).status).toBe(200);
});

it('pages may show pictures of that origin, and post nothing to it', async () => {
  const policy = (await fetch(system.url())).headers.get('content-security-policy');
  expect(policy).toContain(`img-src 'self' ${files};`);
  expect(policy).toContain("connect-src 'self';");
});

it('a start with PUBLIC_URL says once that files have none of their own, and says nothing where they have', async () => {
  expect(system.output()).not.toContain(TOLD);
  await system.stop();
  delete system.env.MEDIA_PUBLIC_URL;
  await system.start();
  expect(system.output().split(TOLD)).toHaveLength(2);
}, 300_000);
