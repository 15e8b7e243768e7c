/** Uploads against a bare Koa that streams to a file, and, into a bucket, against bare lib-storage; memory of an upload of a gigabyte. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bestOf, type Row } from '../measure.ts';
import { type StartedProcess, startProcess } from '../process.ts';
import { pdf, startOurs, type Uploads, upload, uploadsTo } from './client.ts';
import { bareUpload, bucketForBench } from './s3.ts';

const MEGA = 1024 * 1024;
const SIZE = 32 * MEGA;
/** Uploads of each run, at once. */
const FILES = 4;
const ROUNDS = 3;
const BARE = { headers: {}, query: '' };

/** Rates and costs of uploads of 32 MiB. */
export async function benchUploads(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-uploads-'));
  const ours = await startOurs(join(folder, 'data'));
  const bare = await startProcess([fileURLToPath(new URL('./bare-upload.ts', import.meta.url)), join(folder, 'bare')]);
  try {
    const rows = await compare(ours, bare);
    return [...rows, await gigabyte(ours), ...(await intoBucket(folder))];
  } finally {
    await ours.stop();
    await bare.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(ours: StartedProcess, bare: StartedProcess): Promise<Row[]> {
  const to = await uploadsTo(ours);
  const costs = { ours: [] as number[], bare: [] as number[] };
  const measured = (process: StartedProcess, uploads: Uploads, into: number[]) => async () => {
    const before = process.computed();
    const rate = await megabytesASecond(() => upload(uploads, 'x.pdf', pdf(SIZE)));
    into.push((process.computed() - before) / FILES);
    return rate;
  };
  const what = 'uploads of 32 MiB, 4 at once';
  const rate = await bestOf({
    ...{ what, unit: 'MB/s', target: 0.7, rounds: ROUNDS },
    ours: measured(ours, to, costs.ours),
    bare: measured(bare, { ...BARE, port: bare.port }, costs.bare),
  });
  const [a, b] = [Math.min(...costs.ours.slice(1)), Math.min(...costs.bare.slice(1))];
  return [rate, { what: 'upload of 32 MiB, computing', unit: 'ms', ours: a, bare: b, ratio: a / b, target: 1.43, spread: 'best of each' }];
}

/** Megabytes a second of several uploads at once. */
async function megabytesASecond(one: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await Promise.all(Array.from({ length: FILES }, one));
  return (FILES * SIZE) / MEGA / ((performance.now() - began) / 1_000);
}

/** The most memory that the process ever had after an upload of a gigabyte, beside what it has had so far. */
async function gigabyte(ours: StartedProcess): Promise<Row> {
  const before = ours.peak() / MEGA;
  await upload(await uploadsTo(ours), 'x.pdf', pdf(1024 * MEGA));
  const after = ours.peak() / MEGA;
  return {
    what: 'most memory with an upload of 1 GiB',
    unit: 'MB',
    ours: after,
    bare: before,
    ratio: after / before,
    target: 1.2,
    spread: 'before it, with small ones',
  };
}

async function intoBucket(folder: string): Promise<Row[]> {
  const bucket = await bucketForBench();
  const ours = await startOurs(join(folder, 'data-s3'), bucket.env);
  const path = join(folder, 'source');
  writeFileSync(path, Buffer.concat(pdf(SIZE)));
  try {
    const to = await uploadsTo(ours);
    const row = await bestOf({
      ...{ what: 'uploads of 32 MiB into a bucket, 4 at once', unit: 'MB/s', target: 0.8, rounds: ROUNDS },
      ours: () => megabytesASecond(() => upload(to, 'x.pdf', pdf(SIZE))),
      bare: () => megabytesASecond(() => bareUpload(bucket.url, path)),
    });
    return [row];
  } finally {
    await ours.stop();
    await bucket.close();
  }
}
