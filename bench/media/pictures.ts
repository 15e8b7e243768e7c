/** The sizes of pictures of a phone, by one child, against bare sharp on one thread. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { computedBy } from '../../media/children/lateness.ts';
import { openPictures } from '../../media/pictures/pictures.ts';
import { bestOf, type Row } from '../measure.ts';

const ROUNDS = 3;
/** Sizes that are made of each picture. */
const SIZES = 4;

/** A JPEG of 24.5 megapixels with something in it, as a phone takes it, upside up. */
export async function phonePicture(path: string): Promise<void> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const rough = await sharp({ create: { width: 1_428, height: 1_071, channels: 3, background: '#888', noise } })
    .png()
    .toBuffer();
  await sharp(rough).resize(5_712, 4_284).jpeg({ quality: 90 }).toFile(path);
}

/** The row of sizes a second, and that of the computing that a picture costs. */
export async function benchPictures(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-pictures-'));
  const path = join(folder, 'picture');
  await phonePicture(path);
  const pictures = openPictures({ children: 1 });
  const bare = fork(fileURLToPath(new URL('./bare-pictures.ts', import.meta.url)), [path, folder], {
    env: { UV_THREADPOOL_SIZE: '1', VIPS_CONCURRENCY: '1' },
  });
  const costs = { ours: [] as number[], bare: [] as number[] };
  const measured = (pid: () => number | undefined, work: () => Promise<unknown>, into: number[]) => async () => {
    const from = pid();
    const before = computedBy(from) ?? 0;
    const began = performance.now();
    await work();
    into.push((computedBy(pid()) ?? 0) - before);
    return (SIZES * 1_000) / (performance.now() - began);
  };
  try {
    const never = new AbortController().signal;
    const render = () => pictures.render({ path, type: 'image/jpeg', folder, without: [] }, () => {}, never);
    const ask = () => {
      const answered = once(bare, 'message');
      bare.send('picture');
      return answered;
    };
    const rate = await bestOf({
      ...{ what: 'sizes of pictures, one core', unit: 'sizes/s', target: 0.8, rounds: ROUNDS },
      ours: measured(() => pictures.pids()[0], render, costs.ours),
      bare: measured(() => bare.pid, ask, costs.bare),
    });
    const [a, b] = [Math.min(...costs.ours.slice(1)), Math.min(...costs.bare.slice(1))];
    return [rate, { what: 'picture of 24 megapixels, computing', unit: 'ms', ours: a, bare: b, ratio: a / b, target: 1.25, spread: 'best of each' }];
  } finally {
    bare.kill('SIGKILL');
    await pictures.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
