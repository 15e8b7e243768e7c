import { fork } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MOST_MEMORY } from './limits.ts';
import type { PictureJob } from './messages.ts';
import { asOfPhone, halves, peakMemory, pictureFolder } from './pictures.fixture.ts';
import { openPictures, type Pictures, type PicturesOptions } from './pictures.ts';

const onLinux = process.platform === 'linux';
let place: Awaited<ReturnType<typeof pictureFolder>>;
let pictures: Pictures;
const signal = new AbortController().signal;

beforeEach(async () => {
  place = await pictureFolder();
});
afterEach(async () => {
  await pictures.close();
  await place.remove();
});

function open(options: PicturesOptions = {}): void {
  pictures = openPictures({ children: 1, ...options });
}

const job = (name: string, type = 'image/png'): PictureJob => ({ path: place.path(name), type, folder: place.folder, without: [] });
const make = (it: PictureJob, over = signal) => pictures.render(it, () => {}, over);
const child = () => vi.waitFor(() => pictures.pids()[0] ?? expect.fail('there is no child'));

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
const isGone = (pid: number) => expect.poll(() => isThere(pid)).toBe(false);

describe('the child', () => {
  it('is started by the first picture, takes the next, and ends when idle; another picture starts another', async () => {
    await halves(40, 30).png().toFile(place.path('x'));
    open({ idle: 1_000 });
    expect(pictures.pids()).toEqual([]);
    await make(job('x'));
    const first = await child();
    await isGone(first);
    expect(pictures.pids()).toEqual([]);
    await make(job('x'));
    expect(pictures.pids()).not.toContain(first);
  });

  it('that is killed fails its picture, and the next has another child', async () => {
    await halves(3_000, 3_000).png().toFile(place.path('x'));
    open();
    const failed = expect(make(job('x'))).rejects.toMatchObject({ name: 'PictureFailed' });
    const pid = await child();
    process.kill(pid, 'SIGKILL');
    await failed;
    await isGone(pid);
    await halves(40, 30).png().toFile(place.path('y'));
    await make(job('y'));
    expect(pictures.done()).toMatchObject({ made: 1, failed: 1 });
  });

  it('is killed where a size takes longer by the clock than it may, and where its picture is given up', async () => {
    await halves(4_000, 4_000).png().toFile(place.path('x'));
    open({ time: 1 });
    await expect(make(job('x'))).rejects.toMatchObject({ name: 'PictureFailed' });
    expect(pictures.pids()).toEqual([]);
    const over = new AbortController();
    await pictures.close();
    open();
    const given = expect(make(job('x'), over.signal)).rejects.toThrow('no longer wanted');
    const pid = await child();
    over.abort(new Error('no longer wanted'));
    await given;
    await isGone(pid);
  });

  it('ends itself where a size takes more computing than it may, and the picture is refused', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    await sharp({ create: { width: 3_000, height: 3_000, channels: 3, background: '#888', noise } })
      .png()
      .toFile(place.path('x'));
    open({ computing: 1 });
    await expect(make(job('x'))).rejects.toMatchObject({ name: 'FileRefused', rule: 'unreadable' });
    await expect.poll(() => pictures.pids()).toEqual([]);
  });

  it.runIf(onLinux)('computes at low priority, and has none of our variables', async () => {
    await halves(40, 30).png().toFile(place.path('x'));
    open();
    await make(job('x'));
    const pid = await child();
    const threads = await readdir(`/proc/${pid}/task`);
    const nice = async (thread: string) => {
      const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return { name: /\((.*)\)/.exec(stat)?.[1], nice: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]) };
    };
    const all = await Promise.all(threads.map(nice));
    expect(all.filter(({ name }) => name === 'libuv-worker').map((one) => one.nice)).toEqual([10]);
    const names = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').map((one) => one.replace(/=.*/s, ''));
    expect(names.filter((name) => /SECRET|PASSWORD|URL|PATH|HOME/.test(name))).toEqual([]);
  });

  it.runIf(onLinux)(
    'needs at most 300 MB for the largest pictures of a phone, upright, progressive and in inks',
    async () => {
      open();
      const large = () => halves(8_600, 5_800);
      await asOfPhone(large()).jpeg({ optimiseCoding: false }).toFile(place.path('plain'));
      await make(job('plain', 'image/jpeg'));
      await asOfPhone(large()).jpeg({ progressive: true }).toFile(place.path('progressive'));
      await make(job('progressive', 'image/jpeg'));
      const pid = await child();
      expect(await peakMemory(pid)).toBeLessThanOrEqual(MOST_MEMORY);
    },
    240_000,
  );

  it('refuses by its header what would need more: an interlaced PNG of 16 bits and a progressive JPEG in full colours', async () => {
    open();
    const bars = (width: number, height: number) => halves(width, height);
    await bars(8_600, 5_800).jpeg({ progressive: true, chromaSubsampling: '4:4:4', quality: 50 }).toFile(place.path('x'));
    await expect(make(job('x', 'image/jpeg'))).rejects.toMatchObject({ rule: 'dimensions' });
    const pid = await child();
    if (onLinux) expect(await peakMemory(pid)).toBeLessThan(MOST_MEMORY / 2);
  }, 120_000);

  it('ends when its parent is killed, also with a picture at hand', async () => {
    await halves(4_000, 4_000).png().toFile(place.path('x'));
    open();
    const program = fileURLToPath(new URL('./parent.fixture.ts', import.meta.url));
    const parent = fork(program, [place.path('x'), place.folder], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    const pid = await new Promise<number>((resolve) => parent.once('message', (message) => resolve(Number(message))));
    expect(isThere(pid)).toBe(true);
    parent.kill('SIGKILL');
    await isGone(pid);
  });
});

describe('pictures that wait', () => {
  it('are made one at a time for each child, in their order, and one too many is not taken', async () => {
    await halves(2_000, 2_000).png().toFile(place.path('x'));
    open({ mostWaiting: 1 });
    const order: number[] = [];
    const first = make(job('x')).then(() => order.push(1));
    const second = make(job('x')).then(() => order.push(2));
    await expect(make(job('x'))).rejects.toMatchObject({ name: 'PicturesBusy' });
    expect(pictures.waiting()).toBe(2);
    await Promise.all([first, second]);
    expect(order).toEqual([1, 2]);
    expect(pictures.pids()).toHaveLength(1);
    expect(pictures.waiting()).toBe(0);
  });

  it('leave their place where they are given up, and at the close', async () => {
    await halves(2_000, 2_000).png().toFile(place.path('x'));
    open();
    const first = expect(make(job('x'))).rejects.toThrow('closed');
    const over = new AbortController();
    const second = expect(make(job('x'), over.signal)).rejects.toThrow('given up');
    const third = expect(make(job('x'))).rejects.toThrow('closed');
    over.abort(new Error('given up'));
    await second;
    expect(pictures.waiting()).toBe(2);
    await pictures.close();
    await Promise.all([first, third]);
    expect(pictures.pids()).toEqual([]);
  });
});
