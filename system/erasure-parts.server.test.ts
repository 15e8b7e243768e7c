/** A person who is erased where each part is a process of its own, on servers; and what older backups of their stores change. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { SECRET_KINDS, type SecretKind, type SecretRecord, type Secrets } from '../gateway/identity/secrets/secrets.ts';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { type Distributed, nginx, openDistributed } from './distributed.fixture.ts';
import { certified, ERASURE_PATIENCE, erase, patientCall, patientLogIn, patientUser, verified, worked, wrongIn } from './erased-person.fixture.ts';
import {
  type ErasureServers,
  erasureServersEnv,
  foldedByFerretDb,
  foundOnServers,
  OWN_SERVERS,
  startErasureServers,
} from './erasure-servers.fixture.ts';
import { SILENT } from './open-log.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

type Backup = ReadonlyMap<SecretKind, SecretRecord[]>;

/** Does something with the secrets of an installation on servers, as an operator with a tool of the database. */
async function withSecrets<T>(system: Distributed, work: (secrets: Secrets) => Promise<T>): Promise<T> {
  const secrets = await openSecrets(system.env.SECRETS_URL, { dataDir: '/nowhere', log: SILENT });
  try {
    return await work(secrets);
  } finally {
    await secrets.close();
  }
}

async function allOf(secrets: Secrets, kind: SecretKind): Promise<SecretRecord[]> {
  const records: SecretRecord[] = [];
  for await (const page of secrets.all(kind)) records.push(...page);
  return records;
}

async function backup(secrets: Secrets): Promise<Backup> {
  const kept = new Map<SecretKind, SecretRecord[]>();
  for (const kind of SECRET_KINDS) kept.set(kind, await allOf(secrets, kind));
  return kept;
}

/** Puts a backup in the place of what is there. */
async function restore(secrets: Secrets, kept: Backup): Promise<void> {
  for (const [kind, records] of kept) {
    for (const { key } of await allOf(secrets, kind)) await secrets.delete(kind, key);
    for (const record of records) await secrets.restore(kind, record);
  }
}

describeWith([...OWN_SERVERS, nginx], 'a person who is erased by parts that are processes of their own', () => {
  let servers: ErasureServers;
  let system: Distributed;
  beforeAll(async () => {
    servers = await startErasureServers();
    system = await openDistributed({ env: { ...UNLIMITED, ...erasureServersEnv(servers) } });
  }, 900_000);
  afterAll(async () => {
    await system?.remove();
    await servers?.close();
  });

  const found = (texts: readonly string[]) => foundOnServers(servers, system.env.DATA_DIR ?? '', texts);
  const stopped = () => Promise.all(system.parts.map((part) => part.kill()));

  it('is in no file of any server, also where parts are killed meanwhile, and an older backup of the secrets brings nothing back', {
    timeout: 1_800_000,
  }, async () => {
    const ben = await patientUser(system, 'Ben');
    const { user: ann, texts, tasks } = await worked(system, 'Ann', ben);
    const { body: kept } = await patientCall(ben)('POST /api/tasks', { title: 'Ferns of Ben', userId: ben.id });
    for (const path of [`/api/tasks/${tasks[0]}`, '/api/tasks?limit=100', '/api/users?limit=100'])
      await expect.poll(async () => (await system.admin.call(`GET ${path}`)).status, ERASURE_PATIENCE).toBe(200);
    // What the search finds before the erasure is what it must not find afterwards.
    const before = await found(texts);
    for (const place of [...['redis', 'ferretdb', 's3'].map((name) => join(servers.folder, name)), system.env.DATA_DIR ?? ''])
      expect(before.filter(({ file }) => file.startsWith(place)).length, place).toBeGreaterThan(0);
    const older = await withSecrets(system, backup);

    const stepsDone = async (): Promise<string[]> => {
      const { body } = await system.admin.call(`GET /api/users/${ann.id}/erasure`);
      return (body?.steps ?? []).flatMap(({ step, at }: { step: string; at: string | null }) => (at === null ? [] : [step]));
    };
    expect([200, 202]).toContain((await erase(ann, system.admin)).status);
    await expect.poll(stepsDone, ERASURE_PATIENCE).toContain('keys');
    for (const part of ['workers', 'media', 'projections'] as const) await system.of(part)[0]?.kill();
    for (const part of ['media', 'workers', 'projections'] as const) await system.of(part)[0]?.start();
    const certificate = await certified(system, ann);
    expect(Object.fromEntries(certificate.steps.map(({ step, where }) => [step, where]))).toMatchObject({
      ...{ access: 'mongodb', keys: 'mongodb', 'read-models': 'mongodb', caches: 'redis', files: 's3', outbox: 'outbox', audit: 'mongodb' },
    });
    const isErased = async (lost: string[] = []) => {
      // Anew, since by now the first login may be over.
      const reader = await patientLogIn(system.url, ben);
      await expect.poll(async () => (await reader.call(`GET /api/tasks/${tasks[0]}`)).body?.title, ERASURE_PATIENCE).toBe('[erased]');
      expect((await patientCall(reader)(`GET /api/tasks/${tasks[0]}`)).body).toMatchObject({
        description: '[erased]',
        comments: [{ text: '[erased]' }],
      });
      expect((await patientCall(reader)(`GET /api/tasks/${kept.id}`)).body.title).toBe('Ferns of Ben');
      const checked = await verified(system.env, certificate);
      expect(wrongIn(checked), checked.stdout).toEqual(lost.map((what) => expect.stringContaining(what)));
    };
    await isErased();

    await stopped();
    await withSecrets(system, (secrets) => restore(secrets, older));
    // Who feeds the read models comes first: no other part destroys a key before it.
    for (const part of system.of('projections')) await part.start();
    expect(system.output()).toContain('the keys of people who were erased are destroyed again');
    const left = wrongIn(await verified(system.env, certificate)).join('\n');
    expect(left).toContain('the secrets: access');
    expect(left).not.toMatch(/the secrets: (the key|keys of addresses)/);
    await Promise.all(system.parts.filter(({ part }) => part !== 'projections').map((part) => part.start()));
    expect(system.output()).toContain('what they had of people who were erased is removed again');
    // The key of certificates came after the backup, too: it is another one now.
    await isErased(['the key of the signature']);

    await stopped();
    await foldedByFerretDb(servers.ferretDb);
    expect(await found(texts)).toEqual([]);
  });
});
