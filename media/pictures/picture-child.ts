/**
 * The program that makes pictures, in a process of its own: what a hostile file does to a decoder ends here. It takes one picture after the other from
 * its parent, and ends with it. It ends by a signal, since an ordinary exit would wait for the decoder.
 */
import { FileRefused } from '../file-refused.ts';
import { MOST_COMPUTING, MOST_MEMORY } from './limits.ts';
import type { FromPictureChild, PictureJob, PictureLimit } from './messages.ts';

import { guardDecoders, renderPicture } from './render.ts';

/** Milliseconds between two looks at what a picture has cost. The decoder has a thread of its own, and does not hold them up. */
const LOOK_EVERY = 20;

/** Milliseconds of computing from which on the size at hand counts; undefined while there is no picture. */
let since: number | undefined;

function computed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function send(message: FromPictureChild, sent?: () => void): void {
  process.send?.(message, sent ?? (() => {}));
}

function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

function exceeded(): PictureLimit | undefined {
  if (since === undefined) return undefined;
  if (process.memoryUsage.rss() > MOST_MEMORY) return 'memory';
  return computed() - since > Number(process.env.MOST_COMPUTING ?? MOST_COMPUTING) ? 'computing' : undefined;
}

async function take(job: PictureJob): Promise<void> {
  since = computed();
  try {
    await renderPicture(job, (made) => {
      since = computed();
      send({ made });
    });
    send({ done: true });
  } catch (error) {
    send(error instanceof FileRefused ? { refused: { rule: error.rule, detail: error.message } } : { failed: (error as Error).message });
  } finally {
    since = undefined;
  }
}

guardDecoders();
process.on('disconnect', end);
process.on('message', (job: PictureJob) => void take(job));
setInterval(() => {
  const limit = exceeded();
  since = limit ? undefined : since;
  if (limit) send({ limit }, end);
}, LOOK_EVERY);
