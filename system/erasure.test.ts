/** A person who is erased, from outside: what is left of them nowhere, what proves it, and what a kill or an older backup changes. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERASURE_STEP_NAMES, FILES_NOT_SEEN } from '../contracts/erasure.ts';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { caller, everyItem, type User } from './client.fixture.ts';
import { certified, ERASURE_PATIENCE, erase, patientCall, verified, worked, wrongIn } from './erased-person.fixture.ts';
import { searchFiles } from './erasure-search.fixture.ts';
import { SILENT } from './open-log.fixture.ts';
import { runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

/** The number of people who are erased at once: 8 in `npm test`; 100 in `npm run faults`. */
const ERASURES = Number(process.env.ERASURES ?? 8);
const OLDER = ['secrets.db', 'outbox.db'];
const EVENTS = ['events.db', 'events.db-witness'];
let system: Installation;

/** The texts in the secrets of a folder that are of what lets a person in: hashes of passwords and tokens, and what else is long enough to be found. */
async function secretTexts(dataDir: string, person: string): Promise<string[]> {
  const secrets = await openSecrets('sqlite:', { dataDir, log: SILENT });
  const kinds = ['credentials', 'sessions'] as const;
  const records = await Promise.all(kinds.map((kind) => secrets.list(kind, person)));
  await secrets.close();
  expect(records.map((some) => some.length > 0)).toEqual([true, true]);
  return [...new Set(records.flat().flatMap(({ value }) => JSON.stringify(value).match(/[\w$+/=-]{40,}/g) ?? []))];
}

/** Those of these texts that are in no file. */
async function unfound(folders: string[], texts: readonly string[]): Promise<string[]> {
  const found = new Set((await searchFiles(folders, texts)).map(({ text }) => text));
  return texts.filter((text) => !found.has(text));
}

beforeAll(async () => {
  system = await openInstallation({ ...UNLIMITED, TRUST_PROXY: '1' });
}, 600_000);
afterAll(() => system?.remove());

describe('a person who is erased', () => {
  it('is in no file of the installation any more, and nothing of others is lost; the certificate says so, and is verified', async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts, tasks } = await worked(system, 'Ann', ben);
    const { body: kept } = await ben.ok('POST /api/tasks', { title: 'Ferns of Ben', userId: ben.id });
    const asked = await erase(ann);
    // The certificate, or on a machine with other work where the erasure stands.
    expect([200, 202], asked.text).toContain(asked.status);
    expect(asked.body).toMatchObject({ person: ann.id });
    // Who is erased is out at once.
    expect((await ann.call('GET /api/me')).status).toBe(401);
    expect((await system.call(`GET /api/erasure?person=${ann.id}&proof=${'z'.repeat(43)}`)).status).toBe(404);
    expect((await ben.call(`GET /api/users/${ann.id}/erasure`)).status).toBe(403);
    const certificate = await certified(system, ann);
    expect(certificate).toMatchObject({ person: ann.id, requestedBy: ann.id });
    expect(certificate.steps.map(({ step }) => step)).toEqual(ERASURE_STEP_NAMES);
    expect(Object.fromEntries(certificate.steps.map(({ step, count }) => [step, count]))).toMatchObject({ files: expect.any(Number) });
    expect(await searchFiles([system.dataDir], texts)).toEqual([]);

    const [own = '', theirs = ''] = tasks;
    const { body: task } = await ben.ok(`GET /api/tasks/${own}`);
    expect(task).toMatchObject({ title: '[erased]', description: '[erased]', comments: [{ text: '[erased]' }] });
    await expect.poll(async () => (await ben.ok(`GET /api/tasks/${theirs}`)).body).toMatchObject({ title: 'A door that sticks', assignee: null });
    expect((await ben.ok(`GET /api/tasks/${kept.id}`)).body.title).toBe('Ferns of Ben');
    // Whoever made what was theirs is told, as after any deletion.
    const told = async () => (await ben.ok('GET /api/inbox?limit=100')).body.items.filter(({ kind }: { kind: string }) => kind === 'task_unassigned');
    await expect.poll(told).toEqual([expect.objectContaining({ link: expect.stringContaining(theirs) })]);

    const { code, stdout } = await verified(system.env, certificate);
    expect(wrongIn({ stdout })).toEqual([]);
    expect(stdout).toContain('ok   the store of files: bytes: nothing is left');
    expect(stdout).not.toContain(FILES_NOT_SEEN);
    // Bytes that came back, as from a backup of the files, are found without any read model.
    const { files } = (await system.admin.ok('POST /api/admin/erasures/verify', { certificate })).body;
    const left = join(system.dataDir, 'files', 'media', files[0].slice(0, 2), files[0], 'original');
    mkdirSync(dirname(left), { recursive: true });
    writeFileSync(left, 'from a backup');
    expect((await verified(system.env, certificate)).stdout).toContain('NOT  the store of files: bytes: 1 objects are there');
    rmSync(left);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ok {3}the certificate: its signature fits[\s\S]*Not known:[\s\S]*backups/)]);
    const changed = await verified(system.env, { ...certificate, requestedBy: ben.id });
    expect([changed.code, changed.stdout]).toEqual([1, expect.stringContaining('NOT  the certificate')]);
  }, 600_000);

  it('stays erased after a rebuild, and by an older backup of the secrets and of the outbox, of which nothing is left in any file', async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts } = await worked(system, 'Ada', ben);
    const from = { 'x-forwarded-for': '203.0.113.77' };
    expect((await system.call('POST /api/login', { email: ann.email, password: ann.password }, from)).status).toBe(200);
    expect((await system.call('POST /api/password-resets', { email: ann.email }, from)).status).toBeLessThan(300);
    const backup = mkdtempSync(join(tmpdir(), 'older-'));
    await system.stop();
    for (const name of OLDER) copyFileSync(join(system.dataDir, name), join(backup, name));
    const secret = [...(await secretTexts(backup, ann.id)), '203.0.113.77'];
    expect(await unfound([backup], secret)).toEqual([]);
    await system.start();
    await erase(ann, system.admin);
    const certificate = await certified(system, ann);
    await system.stop();
    for (const name of OLDER) {
      for (const end of ['-wal', '-shm']) rmSync(join(system.dataDir, `${name}${end}`), { force: true });
      copyFileSync(join(backup, name), join(system.dataDir, name));
    }
    rmSync(backup, { recursive: true });
    await system.start();
    expect(system.output()).toContain('the keys of people who were erased are destroyed again');
    const replayed = runProgram(['replay'], { ...system.env, PORT: '0' });
    expect((await replayed.ended).code).toBe(0);
    // Where the key of certificates came after the backup, it is another one now.
    const wrong = wrongIn(await verified(system.env, certificate));
    expect(wrong.filter((line) => !line.includes('the key of the signature'))).toEqual([]);
    expect(system.output()).toContain('what they had of people who were erased is removed again');
    expect(system.output()).toContain('the outbox is older than erasures');
    await system.stop();
    expect(await searchFiles([system.dataDir], [...texts, ...secret])).toEqual([]);
    await system.start();
    // Whoever was looked for once is noted.
    await system.stop();
    await system.start();
    expect(system.program().stdout()).not.toContain('older than erasures');
    expect((await ben.call('GET /api/me')).status).toBe(200);
  }, 600_000);

  it('stays erased by an older backup of the events, and is erased again with it', async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts, tasks } = await worked(system, 'Eva', ben);
    const backup = mkdtempSync(join(tmpdir(), 'older-'));
    await system.stop();
    for (const name of EVENTS) copyFileSync(join(system.dataDir, name), join(backup, name));
    await system.start();
    await erase(ann, system.admin);
    await certified(system, ann);
    await system.stop();
    for (const end of ['-wal', '-shm']) rmSync(join(system.dataDir, `events.db${end}`), { force: true });
    for (const name of EVENTS) copyFileSync(join(backup, name), join(system.dataDir, name));
    rmSync(backup, { recursive: true });
    await system.start();
    // The log knows nothing of the erasure any more; the secrets do.
    await expect.poll(async () => (await system.admin.call(`GET /api/tasks/${tasks[0]}`)).body?.title, ERASURE_PATIENCE).toBe('[erased]');
    await expect.poll(async () => (await system.admin.call(`GET /api/users/${ann.id}`)).body?.name, ERASURE_PATIENCE).toBe('[erased]');
    expect((await system.admin.call(`GET /api/users/${ann.id}/erasure`)).status).toBe(404);
    expect(await searchFiles([system.dataDir], texts)).toEqual([]);
    await erase(ann, system.admin);
    expect(wrongIn(await verified(system.env, await certified(system, ann)))).toEqual([]);
  }, 600_000);

  it('is erased once, however often and by whomever it is asked for, and not by others, nor the admin by themselves', async () => {
    const [ann, ben] = [await system.register('Amy'), await system.register('Ben')];
    expect((await erase(ann, ben)).status).toBe(403);
    const last = await erase(system.admin);
    expect([last.status, last.body.code]).toEqual([409, 'conflict']);
    const answers = await Promise.all([erase(ann), erase(ann, system.admin), erase(ann, system.admin)]);
    expect(answers.map(({ status }) => status).filter((status) => ![200, 202, 401, 404].includes(status))).toEqual([]);
    const certificate = await certified(system, ann);
    const again = await erase(ann, system.admin);
    expect([again.status, again.body]).toEqual([200, certificate]);
    const events = await system.admin.ok(`GET /api/users/${ann.id}/export`);
    const types = JSON.parse(events.text).account.map(({ type }: { type: string }) => type);
    expect(types.filter((type: string) => /UserDeleted|UserErased/.test(type))).toEqual(['UserDeleted', 'UserErased']);
  }, 600_000);

  it('goes on to its end after a kill at whatever moment', async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts } = await worked(system, 'Ava', ben);
    const stepsDone = async () => {
      const { body } = await system.admin.call(`GET /api/users/${ann.id}/erasure`);
      return (body.steps ?? []).filter(({ at }: { at: string | null }) => at !== null).length;
    };
    void erase(ann, system.admin).catch(() => {});
    await expect.poll(async () => (await system.admin.call(`GET /api/users/${ann.id}/erasure`)).status, ERASURE_PATIENCE).toBeLessThan(300);
    // Killed once for each step that was seen to be done, so that each start finds another state.
    for (let seen = 0; seen < 4; seen++) {
      await expect.poll(stepsDone, ERASURE_PATIENCE).toBeGreaterThanOrEqual(Math.min(seen, 3));
      await system.kill();
      await system.start();
    }
    await certified(system, ann);
    expect(await searchFiles([system.dataDir], texts)).toEqual([]);
  }, 600_000);
});

describe('many who are erased', () => {
  const generations = async () => {
    const { items } = (await system.admin.ok('GET /api/admin/projections')).body;
    return Math.max(...items.map(({ generation }: { generation: number }) => generation));
  };

  /** Registers somebody, whom Ben gives something to do; resolves to their id. */
  async function hired(name: string, ben: User): Promise<string> {
    const account = { name, email: `${name}@example.org`, password: `a long phrase ${crypto.randomUUID()}` };
    const { id } = (await patientCall(system)('POST /api/users', account)).body;
    await patientCall(ben)('POST /api/tasks', { title: 'A door that sticks', userId: id });
    return id;
  }

  it('under load take nothing of others along', { timeout: 60_000 + ERASURES * 30_000 }, async () => {
    const ben = await system.register('Ben');
    const names = Array.from({ length: ERASURES }, (_, n) => `Gone${n}${crypto.randomUUID().slice(0, 8)}`);
    const people: string[] = [];
    for (const name of names) people.push(await hired(name, ben));
    const [before, since] = [await generations(), performance.now()];
    const does = patientCall(ben);
    const title = (n: number) => `Kept by Ben ${n}`;
    const erasing = Promise.all(people.map((id) => erase({ id }, system.admin)));
    const made: string[] = [];
    for (let n = 0; n < 5 * ERASURES; n++) {
      const { body } = await does('POST /api/tasks', { title: title(n), userId: ben.id });
      await does(`POST /api/tasks/${body.id}/comments`, { text: `About ${n}` });
      made.push(body.id);
    }
    expect((await erasing).filter(({ status }) => ![200, 202].includes(status)).map(({ text }) => text)).toEqual([]);
    for (const id of people) await certified(system, { id });
    const seconds = (performance.now() - since) / 1_000;
    const rebuilds = (await generations()) - before;
    // Those that wait share one; a hundred by themselves would be a hundred.
    if (ERASURES > 20) expect(rebuilds).toBeLessThan(ERASURES / 4);
    process.stdout.write(`${JSON.stringify({ erasures: ERASURES, seconds: Math.round(seconds), rebuilds, commandsMeanwhile: made.length * 2 })}\n`);
    for (const [n, id] of made.entries()) {
      await expect.poll(async () => (await ben.ok(`GET /api/tasks/${id}`)).body.comments?.length, ERASURE_PATIENCE).toBe(1);
      expect((await ben.ok(`GET /api/tasks/${id}`)).body).toMatchObject({ title: title(n), comments: [{ text: `About ${n}` }] });
    }
    const listed = (await everyItem(ben.call, '/api/tasks?limit=100')).map((task) => task.title);
    expect(Array.from(made.keys(), title).filter((one) => !listed.includes(one))).toEqual([]);
    expect(await searchFiles([system.dataDir], names)).toEqual([]);
    expect((await caller(system.url, ben.accessToken)('GET /api/me')).status).toBe(200);
  });
});
