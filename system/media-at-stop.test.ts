/** What becomes of files that are on their way when the process is told to end. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { halves } from '../media/pictures/pictures.fixture.ts';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const PATIENCE = { timeout: 200_000, interval: 100 };

let system: Installation;
let user: User;
let task: string;
beforeEach(async () => {
  system = await openInstallation();
  user = await system.register('Kim');
  task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
}, 120_000);
afterEach(() => system?.remove());

/** The files in the folder in which uploads arrive and are worked on. */
function onTheirWay(): string[] {
  return readdirSync(join(system.dataDir, 'spool'), { recursive: true }).map(String);
}

/** The children of a process, as Linux tells them. */
function childrenOf(pid: number): string[] {
  return readdirSync('/proc').filter((one) => {
    try {
      return new RegExp(`^PPid:\t${pid}$`, 'm').test(readFileSync(`/proc/${one}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

async function verified(): Promise<unknown> {
  const program = runProgram(['media', 'verify'], system.env);
  const { code } = await program.ended;
  return { code, lines: program.stdout() };
}

const clean = (files: number) => ({ code: 0, lines: expect.stringMatching(new RegExp(`${files} files with \\d+ objects: 0 differences`)) });

it('a picture that is being made is given up, and its child with it; after the next start it is made', { timeout: 400_000 }, async () => {
  const bytes = await halves(6_000, 4_000).jpeg().toBuffer();
  const sent = await upload({ url: system.url(), user }, { task, file: { name: 'hall.jpg', bytes } });
  expect(sent.status, sent.text).toBe(202);
  await expect.poll(() => onTheirWay().some((path) => path.includes('attempt-')), PATIENCE).toBe(true);
  const children = childrenOf(system.program().pid);
  expect(await system.stop()).toEqual({ code: 0, signal: null });
  expect(children.filter((pid) => readdirSync('/proc').includes(pid))).toEqual([]);
  expect(onTheirWay()).toEqual([]);
  expect(await verified()).toEqual(clean(1));
  await system.start();
  await expect.poll(async () => (await user.ok(`GET /api/media/${sent.body.id}`)).body.status, PATIENCE).toBe('attached');
  await system.stop();
  expect(await verified()).toEqual(clean(1));
});

it('an upload of which half is here leaves nothing, and is made one file when it is sent again', { timeout: 400_000 }, async () => {
  const headers = { authorization: `Bearer ${user.accessToken}`, 'idempotency-key': 'the plan, once' };
  const type = { 'content-type': 'multipart/form-data; boundary=b' };
  const sending = request(`${system.url()}/api/media?task=${task}`, { method: 'POST', headers: { ...headers, ...type } });
  const cut = new Promise<unknown>((resolve) => void sending.once('error', resolve).once('response', ({ statusCode }) => resolve(statusCode)));
  sending.write('--b\r\nContent-Disposition: form-data; name="file"; filename="plan.txt"\r\n\r\nhalf of it');
  await expect.poll(onTheirWay, PATIENCE).toHaveLength(2);
  expect(await system.stop()).toEqual({ code: 0, signal: null });
  expect(await cut).toBeDefined();
  expect(onTheirWay()).toEqual([]);
  expect(await verified()).toEqual(clean(0));
  await system.start();
  const again = await upload({ url: system.url(), user }, { task, file: { name: 'plan.txt', bytes: Buffer.from('all of it') } }, { headers });
  expect(again.status, again.text).toBe(202);
  await expect
    .poll(async () => (await user.ok(`GET /api/media?task=${task}`)).body.items, PATIENCE)
    .toMatchObject([{ status: 'attached', bytes: 9 }]);
});
