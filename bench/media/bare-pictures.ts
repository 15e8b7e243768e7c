/** Bare sharp in a process of its own: `node bare-pictures.ts <picture> <folder>` makes the sizes of a picture for each message, or the smallest alone for `thumbnail`, and answers. */
import { join } from 'node:path';
import sharp from 'sharp';

const [path = '', folder = ''] = process.argv.slice(2);
sharp.cache(false);
sharp.concurrency(1);

process.on('message', async (what) => {
  for (const edge of what === 'thumbnail' ? [320] : [320, 1_024, 2_048])
    await sharp(path)
      .autoOrient()
      .resize({ width: edge, height: edge, fit: 'inside' })
      .webp({ quality: 80, effort: 3 })
      .toFile(join(folder, String(edge)));
  if (what !== 'thumbnail') await sharp(path).autoOrient().jpeg({ quality: 88, optimiseCoding: false }).toFile(join(folder, 'full'));
  process.send?.('done');
});
