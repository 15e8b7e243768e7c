import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { uploadPatiently } from './form.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const PATIENCE = { timeout: 110_000 };

let system: Installation;
let user: User;
let task: string;
beforeAll(async () => {
  system = await openInstallation();
  user = await system.register('Uma');
  task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
}, 300_000);
afterAll(() => system?.remove());

async function send(text: string): Promise<string> {
  const { status, body } = await uploadPatiently({ url: system.url(), user }, { task, file: { name: 'notes.txt', bytes: Buffer.from(text) } });
  expect(status).toBe(202);
  await expect.poll(() => statusOf(body.id), PATIENCE).toBe('attached');
  return body.id;
}
const statusOf = async (id: string) => (await user.call(`GET /api/media/${id}`)).body.status;
const addressOf = (id: string) => user.call(`GET /api/media/${id}/url`);

it('a start with a scanner holds back what was ready before, until that has looked at it', { timeout: 400_000 }, async () => {
  const [clean, bad] = [await send('some words'), await send('some bad words')];
  const before = (await addressOf(clean)).body.url;
  expect((await fetch(new URL(before, system.url()))).status).toBe(200);
  await system.stop();
  const [scanner, wakes] = [join(system.dataDir, 'scanner'), join(system.dataDir, 'awake')];
  // Away until the file is there; then it finds bad words.
  writeFileSync(scanner, `#!/bin/sh\n[ -e ${wakes} ] || exit 2\ngrep -q bad "$1" && echo Bad-Words && exit 1\nexit 0\n`);
  chmodSync(scanner, 0o700);
  system.env.MEDIA_SCAN = `command:${scanner}`;
  await system.start();
  const held = await addressOf(clean);
  expect([held.status, held.body.detail]).toEqual([404, expect.stringContaining('waits for the scanner')]);
  expect((await fetch(new URL(before, system.url()))).status).toBe(404);
  expect(existsSync(wakes)).toBe(false);
  writeFileSync(wakes, '');
  await expect.poll(async () => (await addressOf(clean)).status, PATIENCE).toBe(200);
  await expect.poll(() => system.output(), PATIENCE).toContain('Bad-Words');
  expect([(await addressOf(bad)).status, await statusOf(bad)]).toEqual([404, 'attached']);
  expect(await (await fetch(new URL(before, system.url()))).text()).toBe('some words');
});
