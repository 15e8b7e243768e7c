/** How long everybody else waits while pictures are made: the 99th percentile of GET /livez with ten pictures of 24 megapixels at hand, and idle. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoad } from '../load.ts';
import type { Row } from '../measure.ts';
import { startOurs, upload, uploadsTo } from './client.ts';
import { phonePicture } from './pictures.ts';

const PICTURES = 10;
const ROUNDS = 3;
const SECONDS = 3;

/** The row of GET /livez. All pictures are uploaded before the loads that count, which have to find some at hand. */
export async function benchBeside(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-beside-'));
  const path = join(folder, 'picture');
  await phonePicture(path);
  const picture = readFileSync(path);
  const ours = await startOurs(join(folder, 'data'));
  const p99 = async () => {
    const request = { method: 'GET', path: '/livez', headers: {} };
    return (await runLoad({ port: ours.port, connections: 1, seconds: SECONDS, request })).p99;
  };
  const isAtHand = async () => /^\S*media_waiting\S* [1-9]/m.test(await (await fetch(`http://127.0.0.1:${ours.port}/metrics`)).text());
  try {
    const to = await uploadsTo(ours);
    await p99();
    const idle: number[] = [];
    for (let round = 0; round < ROUNDS; round++) idle.push(await p99());
    for (let n = 0; n < PICTURES; n++) await upload(to, 'x.jpg', [picture]);
    const busy: number[] = [];
    for (let round = 0; round < ROUNDS && (await isAtHand()); round++) busy.push(await p99());
    if (busy.length === 0) throw new Error('no picture was at hand any more');
    const [a, b] = [Math.min(...busy), Math.min(...idle)];
    const spread = `${Math.min(...busy).toFixed(2)}–${Math.max(...busy).toFixed(2)} against ${Math.min(...idle).toFixed(2)}–${Math.max(...idle).toFixed(2)}`;
    return [{ what: 'GET /livez while ten pictures are made, p99', unit: 'ms', ours: a, bare: b, ratio: a / b, target: 2, spread }];
  } finally {
    await ours.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
