/** A further kind of thing with files is one line in its contract: with that line alone it is taken, given out, listed and pushed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readConfig } from '../app/config.ts';
import { type RunningProcess, start } from '../app/start.ts';
import { orderContract } from '../contracts/order.ts';
import type { User } from './client.fixture.ts';
import { uploadPatiently } from './form.fixture.ts';
import { follow } from './live.fixture.ts';
import { png } from './pictures.fixture.ts';
import { ADMIN, type System, systemAt } from './system.fixture.ts';

vi.mock('../contracts/media-kinds.ts', async (actual) => {
  const all = await actual<typeof import('../contracts/media-kinds.ts')>();
  // As a complaint about an order would have it: everybody reads its files, and who placed the order adds them.
  const complaint = { ...all.filesOf.order, mayRead: () => true, uploadedFor: 'The id of a complaint.', listed: 'Files of these complaints.' };
  return { ...all, filesOf: { ...all.filesOf, complaint } };
});

let folder: string;
let process: RunningProcess;
let system: System;
let maker: User;
let other: User;
let order: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'further-kind-'));
  process = await start(readConfig({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', ADMIN_PASSWORD: ADMIN.password, UNCONFIRMED: 'all' }));
  system = await systemAt(() => process.url, ADMIN);
  [maker, other] = [await system.register('Maya'), await system.register('Otto')];
  order = (await maker.ok('POST /api/orders', orderContract.commands.PlaceOrder.example)).body.id;
}, 200_000);
afterAll(async () => {
  await process?.stop();
  await rm(folder, { recursive: true, force: true });
});

const send = (user: User, complaint: string) =>
  uploadPatiently({ url: system.url(), user }, { complaint, file: { name: 'broken.png', bytes: png(80, 60) } });
const listed = async (user: User) => (await user.ok(`GET /api/media?complaint=${order}`)).body.items;

it('by whom its rules let, listed and given to whom they let, pushed, taken off and deleted', { timeout: 200_000 }, async () => {
  const live = follow(system, system.admin, 'role:admin');
  await live.joined();
  expect(await send(other, order)).toMatchObject({ status: 403, body: { detail: 'You may not add files to this complaint.' } });
  const sent = await send(maker, order);
  expect(sent.status, sent.text).toBe(202);
  const { id } = sent.body;
  await expect.poll(() => listed(other), { timeout: 100_000 }).toMatchObject([{ id, status: 'attached', of: { kind: 'complaint', id: order } }]);
  expect((await other.ok(`GET /api/media?order=${order}`)).body.items).toEqual([]);
  const { url } = (await other.ok(`GET /api/media/${id}/url?size=320`)).body;
  expect((await fetch(new URL(url, system.url()))).status).toBe(200);
  expect((await other.call(`DELETE /api/media/${id}`)).status).toBe(403);
  await maker.ok(`DELETE /api/media/${id}/attachment`);
  await maker.ok(`PUT /api/media/${id}/attachment`, { of: { kind: 'complaint', id: order } });
  const { body } = await maker.ok(`DELETE /api/media/${id}`);
  await live.reached(body.position);
  const told = live.changes.map(({ type }) => type);
  expect(told).toEqual(expect.arrayContaining(['MediaReceived', 'MediaReady', 'MediaAttached', 'MediaDetached', 'MediaDeleted']));
  expect(await listed(maker)).toEqual([]);
  live.close();
});

it('is in the words of refusals, and in the description of the interface', async () => {
  expect((await send(maker, 'none')).body).toMatchObject({ errors: [{ pointer: '/complaint', detail: 'must be a UUID' }] });
  const described = (await system.call('GET /openapi.json')).text;
  expect(described).toContain('Files of these complaints.');
  expect(described).toContain('The id of a complaint.');
});
