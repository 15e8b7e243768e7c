/** Uploads while the disk is full: that on which files arrive, and that on which they are kept. Real file systems of a few megabytes, where this user may mount. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

/** Mounts a file system of three megabytes on a folder; false where this user may not. */
function mountSmall(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder]).status === 0;
}
const unmount = (folder: string) => spawnSync('umount', ['--lazy', folder]);

const probe = mkdtempSync(join(tmpdir(), 'mount-'));
const mayMount = mountSmall(probe);
if (mayMount) unmount(probe);
rmSync(probe, { recursive: true });

/** The files below a folder, but for the marks that say whose the store is. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all.flatMap((one) => (one.isFile() && !one.parentPath.includes('/files/marks/') ? [one.name] : []));
}

describe.skipIf(!mayMount)(`uploads on a full disk${mayMount ? '' : ' (skipped: this user may not mount a small file system)'}`, () => {
  let system: Installation | undefined;
  let mounted = '';
  afterEach(async () => {
    unmount(mounted);
    await system?.remove();
  });

  /** An installation whose folder of this name is on the small file system. */
  async function onSmallDisk(name: string): Promise<{ system: Installation; user: User; task: string; folder: string }> {
    const opened = await openInstallation();
    system = opened;
    const user = await opened.register('Dora');
    const task = (await user.ok('POST /api/tasks', { title: 'Full' })).body.id;
    await opened.stop();
    const folder = join(opened.dataDir, name);
    mountSmall(folder);
    mounted = folder;
    await opened.start();
    return { system: opened, user, task, folder };
  }

  // Files arrive in the first, and are kept in the second.
  it.each(['spool', 'files'])(
    'are answered 503 where %s has no room, with nothing recorded and no byte left, and a repeat is clean',
    async (name) => {
      const { system: opened, user, task, folder } = await onSmallDisk(name);
      const bytes = Buffer.alloc(2_000_000, 'x');
      const headers = { 'idempotency-key': 'once' };
      const send = () => upload({ url: opened.url(), user }, { task, file: { name: 'x.txt', bytes } }, { headers });
      writeFileSync(join(folder, 'something-else'), Buffer.alloc(2_000_000));

      const refused = await send();
      expect([refused.status, refused.headers.get('retry-after')], refused.text).toEqual([503, expect.stringMatching(/^[1-9]/)]);
      expect(filesIn(folder)).toEqual(['something-else']);
      expect([filesIn(join(opened.dataDir, 'spool')), filesIn(join(opened.dataDir, 'files'))].flat()).toEqual(['something-else']);
      expect((await user.ok(`GET /api/media?task=${task}`)).body.items).toEqual([]);
      expect(opened.output()).not.toMatch(/unexpected error/);

      rmSync(join(folder, 'something-else'));
      const taken = await send();
      expect(taken.status, taken.text).toBe(202);
      expect((await send()).body).toEqual(taken.body);
      const after = { 'read-after': taken.body.position };
      expect((await user.ok(`GET /api/media?task=${task}`, undefined, after)).body.items).toMatchObject([{ id: taken.body.id }]);
      await expect.poll(() => [filesIn(join(opened.dataDir, 'spool')), filesIn(join(opened.dataDir, 'files'))].flat()).toEqual(['original']);
    },
    180_000,
  );
});
