/** From the end of an upload to its thumbnail in another client, against what cannot be spared: bare sharp that makes it, and a bare socket that tells it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { io, type Socket } from 'socket.io-client';
import { saidTimes, timesOf } from '../live-latency.ts';
import { startServer } from '../live-process.ts';
import type { Row } from '../measure.ts';
import type { StartedProcess } from '../process.ts';
import { startOurs, type Uploads, upload, uploadsTo } from './client.ts';
import { missingForAll, startOnServers } from './on-servers.ts';
import { phonePicture } from './pictures.ts';

/** Pictures that are timed, one after the other; the first of all starts the children. */
const PICTURES = 30;
/** Messages a second on the bare socket. */
const RATE = 20;

/** A change that a socket hears, as far as it is looked at. */
interface Heard {
  type: string;
  id: string;
  data: { size?: string };
}

/** The rows of the median and the 99th percentile, on embedded stores and, where the servers are installed, on these. */
export async function benchShown(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-shown-'));
  const path = join(folder, 'picture');
  await phonePicture(path);
  try {
    const picture = readFileSync(path);
    const embedded = await shownTimes(await startOurs(join(folder, 'data')), picture);
    const servers = missingForAll() ? null : await shownTimes(await startOnServers(), picture);
    const bare = { made: await madeTimes(path, folder), said: await toldTimes() };
    return [...rowsOf('', embedded, bare), ...(servers ? rowsOf(' on servers', servers, bare) : [])];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Times = ReturnType<typeof timesOf>;

function rowsOf(where: string, ours: Times, { made, said }: { made: Times; said: Times }): Row[] {
  return (['p50', 'p99'] as const).map((p): Row => {
    const bare = made[p] + said[p];
    const spread = `bare sharp ${Math.round(made[p])}, bare socket ${said[p].toFixed(1)}`;
    const what = `end of an upload → thumbnail in another client${where}, ${p}`;
    return { what, unit: 'ms', ours: ours[p], bare, ratio: ours[p] / bare, target: p === 'p50' ? 2 : 3, spread };
  });
}

/** Times from the last byte of an upload to the bytes of its thumbnail in a client that heard of it on a socket. */
async function shownTimes(ours: Pick<StartedProcess, 'port' | 'stop'>, picture: Buffer): Promise<Times> {
  const to = await uploadsTo(ours);
  const { origin, headers } = { origin: `http://127.0.0.1:${to.port}`, headers: to.headers };
  const socket = io(origin, { auth: { token: headers.Authorization?.replace('Bearer ', '') }, forceNew: true, transports: ['websocket'] });
  await socket.emitWithAck('subscribe', { topics: ['tasks'] });
  try {
    const times: number[] = [];
    for (let n = 0; n <= PICTURES; n++) times.push(await shown(to, socket, picture));
    return timesOf(times.slice(1));
  } finally {
    socket.disconnect();
    await ours.stop();
  }
}

async function shown(to: Uploads, socket: Socket, picture: Buffer): Promise<number> {
  const attached = heard(socket, ({ type }) => type === 'MediaAttached');
  const small = heard(socket, ({ type, data }) => type === 'MediaRendered' && data.size === '320');
  const thumbnail = small.then(async (id) => {
    const answer = await fetch(`http://127.0.0.1:${to.port}/api/media/${id}/url?size=320`, { headers: to.headers });
    const { url } = (await answer.json()) as { url: string };
    await (await fetch(new URL(url, `http://127.0.0.1:${to.port}`))).arrayBuffer();
    return performance.now();
  });
  let ended = 0;
  await upload(to, 'x.jpg', [picture], () => {
    ended = performance.now();
  });
  const time = (await thumbnail) - ended;
  // The next one finds a machine that is at rest.
  await attached;
  return time;
}

/** The id of the file of the first change that is looked for. */
function heard(socket: Socket, isIt: (change: Heard) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const hear = (change: Heard) => {
      if (!isIt(change)) return;
      socket.off('change', hear);
      resolve(change.id);
    };
    socket.on('change', hear);
  });
}

/** Times in which bare sharp makes a thumbnail, in a process that has made one before. */
async function madeTimes(path: string, folder: string) {
  const bare = fork(fileURLToPath(new URL('./bare-pictures.ts', import.meta.url)), [path, folder], {
    env: { UV_THREADPOOL_SIZE: '1', VIPS_CONCURRENCY: '1' },
  });
  const made = async () => {
    const began = performance.now();
    const answered = once(bare, 'message');
    bare.send('thumbnail');
    await answered;
    return performance.now() - began;
  };
  try {
    const times: number[] = [];
    for (let n = 0; n <= PICTURES; n++) times.push(await made());
    return timesOf(times.slice(1));
  } finally {
    bare.kill('SIGKILL');
  }
}

async function toldTimes() {
  const bare = await startServer('bare');
  try {
    return await saidTimes(bare.port, RATE);
  } finally {
    bare.stop();
  }
}
