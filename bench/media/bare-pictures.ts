/** Bare sharp in a process of its own: `node bare-pictures.ts <picture> <folder>` makes the sizes of a picture for each message, and answers. */
import { join } from 'node:path';
import sharp from 'sharp';

const [path = '', folder = ''] = process.argv.slice(2);
sharp.cache(false);
sharp.concurrency(1);

process.on('message', async () => {
  for (const edge of [320, 1_024, 2_048])
    await sharp(path)
      .autoOrient()
      .resize({ width: edge, height: edge, fit: 'inside' })
      .webp({ quality: 80, effort: 3 })
      .toFile(join(folder, String(edge)));
  await sharp(path).autoOrient().jpeg({ quality: 88, optimiseCoding: false }).toFile(join(folder, 'full'));
  process.send?.('done');
});
