/** The whole process, killed between two steps of the way of a file. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { halves } from '../media/pictures/pictures.fixture.ts';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { runProgram, runScript } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const DYING = fileURLToPath(new URL('./killed-media.fixture.ts', import.meta.url));
/** A worker's lease of a minute has to run out, on a machine that may be slow. */
const PATIENCE = { timeout: 500_000, interval: 500 };

let system: Installation;
let user: User;
let task: string;
beforeEach(async () => {
  system = await openInstallation();
  user = await system.register('Kim');
  task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  await system.stop();
}, 120_000);
afterEach(() => system?.remove());

const headers = { 'idempotency-key': 'the hall, once' };
async function send(url: string) {
  const bytes = await halves(400, 300).png().toBuffer();
  return upload({ url, user }, { task, file: { name: 'hall.png', bytes } }, { headers });
}

/** Uploads to a process that is killed at this end of a key; resolves to the answer, null for none. */
async function uploadedUntil(end: string) {
  const dying = runScript(DYING, [], { NODE_ENV: 'test', ...system.env, KILL_AT: end });
  const answer = await send(await dying.url()).catch(() => null);
  expect(await dying.ended).toMatchObject({ signal: 'SIGKILL' });
  return answer;
}

async function verified(): Promise<{ code: number | null; lines: string }> {
  const program = runProgram(['media', 'verify'], system.env);
  const { code } = await program.ended;
  return { code, lines: `${program.stdout()}${program.stderr()}` };
}

async function filesOfTask(): Promise<{ id: string; status: string; sizes: { size: string }[] }[]> {
  return (await user.ok(`GET /api/media?task=${task}`)).body.items;
}

/** The processes of our programs for pictures and uploads that have lost their parent. */
function orphans(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const isOurs = /picture-child|inspect\/child/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      return isOurs && /^PPid:\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

it('between bytes and event leaves bytes that verify finds, and an upload that is repeated makes one file of them', async () => {
  expect(await uploadedUntil('/original')).toBeNull();
  const found = await verified();
  expect([found.code, found.lines]).toEqual([1, expect.stringMatching(/^bytes without an event: media\/\S+\/original$/m)]);
  await system.start();
  // Beside the process that goes on, which keeps them for as long as an upload may last, they may be an upload that is under way.
  expect(await verified()).toEqual({ code: 0, lines: expect.stringContaining('0 files with 1 objects: 0 differences') });
  const again = await send(system.url());
  expect([again.status, found.lines]).toEqual([202, expect.stringContaining(again.body.id)]);
  await expect.poll(filesOfTask, PATIENCE).toMatchObject([{ id: again.body.id, status: 'attached' }]);
  const agrees = { code: 0, lines: expect.stringContaining('1 files with 3 objects: 0 differences') };
  await expect.poll(verified, PATIENCE).toMatchObject(agrees);
  await system.stop();
  expect(await verified()).toMatchObject(agrees);
}, 900_000);

it('between event and sizes leaves neither a process nor a difference, and the file is made all the same, once', async () => {
  const answer = await uploadedUntil('/320');
  expect(answer?.status).toBe(202);
  await expect.poll(orphans).toEqual([]);
  expect(await verified()).toMatchObject({ code: 0 });
  await system.start();
  expect((await send(system.url())).body).toEqual(answer?.body);
  await expect.poll(filesOfTask, PATIENCE).toMatchObject([{ id: answer?.body.id, status: 'attached' }]);
  await system.stop();
  expect(await verified()).toMatchObject({ code: 0, lines: expect.stringContaining('1 files with 3 objects: 0 differences') });
}, 900_000);
