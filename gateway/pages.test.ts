import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPages, type PagesOptions } from './pages.ts';

const log: PagesOptions['log'] = { info: () => undefined };
let root: string;
let builds: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pages-'));
  builds = 0;
  await mkdir(join(root, 'realtime', 'client'), { recursive: true });
  await source('main.tsx', -60_000);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Writes a source file as if `age` ms ago (negative: in the past). */
async function source(name: string, age: number): Promise<void> {
  const path = join(root, 'realtime', 'client', name);
  await writeFile(path, '');
  const time = new Date(Date.now() + age);
  await utimes(path, time, time);
  await utimes(join(root, 'realtime', 'client'), new Date(0), new Date(0));
}

async function build(outDir: string): Promise<void> {
  const number = ++builds;
  await mkdir(join(outDir, 'assets'));
  await writeFile(join(outDir, 'index.html'), `build ${number}`);
  await writeFile(join(outDir, 'live.js'), 'export {}');
  await writeFile(join(outDir, 'assets', 'index-4f2a.js'), '1');
}
const open = () => openPages({ log, root, build });

describe('the pages', () => {
  it('are built once, and not again while nothing is newer', async () => {
    await open();
    const pages = await open();
    expect(builds).toBe(1);
    expect(pages.file('/')?.body.toString()).toBe('build 1');
  });

  it('are built again after a source changed, but not after a test did', async () => {
    await open();
    await source('main.test.ts', 60_000);
    await open();
    expect(builds).toBe(1);
    await source('main.tsx', 60_000);
    expect((await open()).file('/')?.body.toString()).toBe('build 2');
  });

  it('are whole where several processes build them at once, and nothing else is left there', async () => {
    const all = await Promise.all([open(), open(), open()]);
    for (const pages of all) expect(pages.file('/live.js')?.body.toString()).toBe('export {}');
    expect(await readdir(join(root, 'dist'))).toEqual(['web']);
  });

  it('leave nothing behind when the build fails', async () => {
    await expect(openPages({ log, root, build: () => Promise.reject(new Error('syntax')) })).rejects.toThrow('syntax');
    expect(await readdir(join(root, 'dist'))).toEqual([]);
  });

  it('are kept for ever where their name has a hash, and asked for again where it has none', async () => {
    const pages = await open();
    expect(pages.file('/assets/index-4f2a.js')).toMatchObject({
      type: 'text/javascript; charset=utf-8',
      headers: { 'Cache-Control': 'public, max-age=31536000, immutable' },
    });
    for (const path of ['/', '/live.js'])
      expect(pages.file(path)?.headers).toMatchObject({ 'Cache-Control': 'no-cache', ETag: expect.stringMatching(/^".+"$/) });
  });

  it('run only what this origin serves', async () => {
    const { headers } = (await open()).file('/') ?? { headers: {} };
    expect(headers).toMatchObject({ 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' });
    const policy = (headers as Record<string, string>)['Content-Security-Policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('know no other file, also not one beside them', async () => {
    const pages = await open();
    for (const path of ['/nothing.js', '/../package.json', '/assets/../index.html', '/assets/']) expect(pages.file(path)).toBeNull();
  });
});
