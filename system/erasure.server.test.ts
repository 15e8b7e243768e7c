/** A person who is erased, on servers: what is left of them is in no file of the installation or of a server. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ERASURE_STEP_NAMES } from '../contracts/erasure.ts';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { certified, ERASURE_PATIENCE, erase, verified, worked, wrongIn } from './erased-person.fixture.ts';
import {
  type ErasureServers,
  erasureServersEnv,
  foldedByFerretDb,
  foundOnServers,
  OWN_SERVERS,
  startErasureServers,
} from './erasure-servers.fixture.ts';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

describeWith(OWN_SERVERS, 'a person who is erased, on servers', () => {
  let servers: ErasureServers;
  let system: Installation;
  beforeAll(async () => {
    servers = await startErasureServers();
    system = await openInstallation({ ...UNLIMITED, ADMIN_EMAIL: ADMIN.email, ...erasureServersEnv(servers) });
  }, 900_000);
  afterAll(async () => {
    await system?.remove();
    await servers?.close();
  });

  const found = (texts: readonly string[]) => foundOnServers(servers, system.dataDir, texts);

  it('is in no file of any server any more, and nothing of others is lost; the certificate says so, and is verified', {
    timeout: 900_000,
  }, async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts, tasks, order } = await worked(system, 'Ann', ben);
    const { body: kept } = await ben.ok('POST /api/tasks', { title: 'Ferns of Ben', userId: ben.id });
    // Asked for and kept in the cache, as by a page that shows them.
    for (const path of [`/api/tasks/${tasks[0]}`, '/api/tasks?limit=100', '/api/users?limit=100', `/api/orders/${order}`])
      await expect.poll(async () => (await system.admin.call(`GET ${path}`)).status, ERASURE_PATIENCE).toBe(200);
    // What the search finds before the erasure is what it must not find afterwards.
    const before = await found(texts);
    const folders = ['redis', 'ferretdb', 's3'].filter((name) => before.some(({ file }) => file.startsWith(join(servers.folder, name))));
    expect(folders).toEqual(['redis', 'ferretdb', 's3']);

    const asked = await erase(ann);
    expect([200, 202], asked.text).toContain(asked.status);
    const certificate = await certified(system, ann);
    expect(certificate.steps.map(({ step }) => step)).toEqual(ERASURE_STEP_NAMES);
    expect(Object.fromEntries(certificate.steps.map(({ step, where }) => [step, where]))).toMatchObject({
      keys: 'mongodb',
      'read-models': 'mongodb',
      caches: 'redis',
      files: 's3',
      outbox: 'outbox',
    });
    const { body: task } = await ben.ok(`GET /api/tasks/${tasks[0]}`);
    expect(task).toMatchObject({ title: '[erased]', description: '[erased]', comments: [{ text: '[erased]' }] });
    await expect.poll(async () => (await ben.ok(`GET /api/tasks/${tasks[1]}`)).body, ERASURE_PATIENCE).toMatchObject({ assignee: null });
    expect((await ben.ok(`GET /api/tasks/${kept.id}`)).body.title).toBe('Ferns of Ben');

    const checked = await verified(system.env, certificate);
    expect([wrongIn(checked), checked.code], checked.stdout).toEqual([[], 0]);
    await system.stop();
    await foldedByFerretDb(servers.ferretDb);
    expect(await found(texts)).toEqual([]);
  });
});
