/** What becomes of the files where an installation is backed up, moved between stores of files in both directions, and migrated to servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith, ferretDb, S3_ACCOUNT, versityGw } from '../servers/for-tests.fixture.ts';
import { logIn, type User } from './client.fixture.ts';
import { uploadPatiently } from './form.fixture.ts';
import { png } from './pictures.fixture.ts';
import { runProgram } from './program.fixture.ts';
import { startStoreServer } from './store-server.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const PATIENCE = { timeout: 100_000, interval: 100 };
const CREDENTIALS = { S3_ACCESS_KEY: S3_ACCOUNT.accessKey, S3_SECRET_KEY: S3_ACCOUNT.secretKey };

describeWith([versityGw, ferretDb], 'the files of an installation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moved-files-'));
  let system: Installation;
  let user: User;
  let task: string;
  /** The bytes that were given out of each file when it was new, by its id. */
  const given = new Map<string, string>();

  beforeAll(async () => {
    system = await openInstallation();
    user = await system.register('Uma');
    task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
    await add('hall.png', png(80, 60));
    await add('list.txt', Buffer.from('brushes, paint'));
  }, 300_000);
  afterAll(async () => {
    await system?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function add(name: string, bytes: Uint8Array): Promise<void> {
    const { status, body, text } = await uploadPatiently({ url: system.url(), user }, { task, file: { name, bytes } });
    expect(status, text).toBe(202);
    const isThere = async () => expect((await user.ok(`GET /api/media/${body.id}`)).body.status).toBe('attached');
    await vi.waitFor(isThere, PATIENCE);
    given.set(body.id, await bytesOf(system, user, body.id));
  }

  async function bytesOf(from: Installation, reader: User, id: string): Promise<string> {
    const { url } = (await reader.ok(`GET /api/media/${id}/url`)).body;
    const answer = await fetch(new URL(url, from.url()));
    expect(answer.status).toBe(200);
    return Buffer.from(await answer.arrayBuffer()).toString('base64');
  }

  async function expectAllGiven(from: Installation): Promise<void> {
    const reader = await logIn(from.url, user);
    for (const [id, bytes] of given) expect(await bytesOf(from, reader, id)).toBe(bytes);
  }

  async function run(args: string[], env: Record<string, string>): Promise<string> {
    const program = runProgram(args, env);
    expect(await program.ended, program.stderr()).toEqual({ code: 0, signal: null });
    return program.stdout();
  }
  const expectNoDifference = async (env: Record<string, string>) =>
    expect(await run(['media', 'verify'], env)).toMatch(new RegExp(`Compared ${given.size} files with \\d+ objects: 0 differences`));

  /** Stops it, and starts it with its files elsewhere. */
  async function startOn(filesUrl: string): Promise<void> {
    await system.stop();
    Object.assign(system.env, CREDENTIALS, { FILES_URL: filesUrl });
    await system.start();
    user = await logIn(system.url, user);
  }

  it('are in a backup that is made while it runs, and are given by an installation that is started on it', { timeout: 400_000 }, async () => {
    const backup = join(folder, 'backup');
    await run(['backup', backup], system.env);
    const { size } = given;
    await add('later.png', png(90, 60));
    expect(given.size).toBe(size + 1);
    const [later = ''] = [...given.keys()].slice(-1);
    const restored = await openInstallation({ DATA_DIR: backup });
    try {
      const reader = await logIn(restored.url, user);
      for (const [id, bytes] of given) if (id !== later) expect(await bytesOf(restored, reader, id)).toBe(bytes);
      expect((await reader.call(`GET /api/media/${later}`)).status).toBe(404);
    } finally {
      await restored.stop();
      await restored.remove();
    }
  });

  it('are copied into a bucket, and from there into another folder, and given from each', { timeout: 600_000 }, async () => {
    const bucket = await versityGw.bucket();
    await system.stop();
    await run(['media', 'copy', 'file:', bucket], { ...system.env, ...CREDENTIALS });
    await startOn(bucket);
    await expectAllGiven(system);
    await add('in-the-bucket.png', png(70, 60));
    await system.stop();
    await expectNoDifference(system.env);

    const other = `file:${join(folder, 'other')}`;
    await run(['media', 'copy', bucket, other], system.env);
    await startOn(other);
    await expectAllGiven(system);
    await add('in-the-folder.png', png(60, 60));
    await system.stop();
    await expectNoDifference(system.env);
    await system.start();
    user = await logIn(system.url, user);
  });

  it('go into a bucket with a migration to servers, whose log then has them all', { timeout: 600_000 }, async () => {
    await system.stop();
    // A migration takes the files of the folder itself.
    await run(['media', 'copy', system.env.FILES_URL ?? '', 'file:'], system.env);
    const server = await startStoreServer(folder);
    try {
      const env = {
        ...system.env,
        FILES_URL: await versityGw.bucket(),
        EVENT_STORE_URL: `esdb://127.0.0.1:${server.port}?tls=false`,
        SECRETS_URL: await ferretDb.database(),
        READ_MODELS_URL: await ferretDb.database(),
        ADMIN_EMAIL: system.admin.email,
      };
      expect(await run(['migrate'], env)).toMatch(/^FILES_URL has all \d+ objects of files\.$/m);
      await expectNoDifference(env);
    } finally {
      await server.kill();
    }
  });
});
