import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { hostileFiles } from './hostile-files.fixture.ts';
import { png } from './pictures.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
let user: User;
let task: string;
beforeAll(async () => {
  system = await openInstallation();
  user = await system.register('Mallory');
  task = (await user.ok('POST /api/tasks', { title: 'Hostile files' })).body.id;
}, 120_000);
afterAll(() => system.remove());

function filesIn(folder: string): string[] {
  if (!existsSync(join(system.dataDir, folder))) return [];
  return readdirSync(join(system.dataDir, folder), { recursive: true, withFileTypes: true }).flatMap((one) =>
    one.isFile() && !one.parentPath.includes('/files/marks/') ? [join(one.parentPath, one.name)] : [],
  );
}

/** The most memory, in MiB, that each process that looks at files ever had. */
function peaks(): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const isOurs = status.includes(`PPid:\t${system.program().pid}\n`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('inspect/child');
      return isOurs ? [Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024] : [];
    } catch {
      return [];
    }
  });
}

it('answers each of more than 500 hostile files with a clear refusal, and keeps no byte of any', async () => {
  const files = hostileFiles(20_261_129);
  expect(files.length).toBeGreaterThan(500);
  const taken: string[] = [];
  for (const { why, name, bytes } of files) {
    const once = () => upload({ url: system.url(), user }, { task, file: { name, bytes } });
    // A connection that was kept open may end just when it is used again; a process that died would fail again.
    const { status, text, body } = await once().catch(once);
    if (status < 400 || status >= 500 || !body.detail) taken.push(`${why}: ${status} ${text}`);
  }
  expect(taken).toEqual([]);
  expect([filesIn('spool'), filesIn('files')]).toEqual([[], []]);
  const measured = peaks();
  expect(measured).toHaveLength(1);
  expect(Math.max(...measured)).toBeLessThan(300);
  expect((await upload({ url: system.url(), user }, { task, file: { name: 'x.png', bytes: png(9, 9) } })).status).toBe(202);
}, 600_000);
