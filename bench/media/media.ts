/** The way of files: uploads, pictures, and what both cost everything else. `node bench/media/media.ts` prints the lines. */
import { pathToFileURL } from 'node:url';
import { line, type Row } from '../measure.ts';
import { benchBeside } from './beside.ts';
import { benchPictures } from './pictures.ts';
import { benchShown } from './shown.ts';
import { benchMediaStart } from './start.ts';
import { benchUploads } from './uploads.ts';

/** All rows of files, in some five minutes. */
export async function benchMedia(): Promise<Row[]> {
  return [...(await benchUploads()), ...(await benchPictures()), ...(await benchShown()), ...(await benchBeside()), ...(await benchMediaStart())];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const row of await benchMedia()) process.stdout.write(`${line(row)}\n`);
