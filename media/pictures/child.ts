/** The children that make pictures, with their bounds, and the way in which one is asked for the sizes of a picture. */
import { fileURLToPath } from 'node:url';
import { ChildGone, ChildLate, type GuardedChild, startGuardedChild } from '../children/guarded-child.ts';
import { FileRefused } from '../file-refused.ts';
import { MOST_COMPUTING, MOST_TIME } from './limits.ts';
import type { FromPictureChild, MadePicture, PictureJob, PictureLimit } from './messages.ts';
import { PictureFailed, tooMuchMemory } from './refused.ts';

export interface PictureBounds {
  /** Milliseconds of computing for each size; default MOST_COMPUTING. */
  computing?: number | undefined;
  /** Milliseconds by the clock for each size; default MOST_TIME. */
  time?: number | undefined;
}

const PROGRAM = fileURLToPath(new URL('./picture-child.ts', import.meta.url));
/** Megabytes of JavaScript's heap: pictures are not in it. */
const HEAP = 64;

/** One thread for the decoder; and memory that was freed goes back to the system, or a picture would pay for the size before. */
const FRUGAL = {
  UV_THREADPOOL_SIZE: '1',
  VIPS_CONCURRENCY: '1',
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Nobody waits for the answer. */
const NICENESS = 10;

/** Starts a child that makes pictures. */
export function startPictureChild({ computing = MOST_COMPUTING }: PictureBounds = {}): GuardedChild {
  const env = { ...FRUGAL, MOST_COMPUTING: String(computing) };
  return startGuardedChild({ program: PROGRAM, flags: [`--max-old-space-size=${HEAP}`], env, niceness: NICENESS });
}

/** What is asked of a child. */
export interface PictureAsked {
  job: PictureJob;
  /** Hears of each size as soon as it is there. */
  tell(made: MadePicture): void;
  signal: AbortSignal;
}

/** Has a child make the sizes of one picture. Errors: FileRefused, PictureFailed, and the signal's reason, for which the child is killed. */
export async function renderWith(child: GuardedChild, { job, tell, signal }: PictureAsked, { time = MOST_TIME }: PictureBounds = {}): Promise<void> {
  const hear = (message: FromPictureChild) => ('made' in message ? void tell(message.made) : message);
  const end = await child.ask(job, { hear, within: time, signal }).catch((error: unknown) => {
    throw error instanceof ChildGone || error instanceof ChildLate ? new PictureFailed(`the process of the picture: ${error.message}`) : error;
  });
  if ('limit' in end) void child.end();
  const error = errorOf(end);
  if (error) throw error;
}

/** The error with which a picture ended; undefined where all of it was made. */
function errorOf(end: Exclude<FromPictureChild, { made: unknown }>): Error | undefined {
  if ('done' in end) return undefined;
  if ('failed' in end) return new PictureFailed(end.failed);
  return 'refused' in end ? new FileRefused(end.refused.rule, end.refused.detail) : overLimit(end.limit);
}

function overLimit(limit: PictureLimit): Error {
  return limit === 'memory' ? tooMuchMemory() : new FileRefused('unreadable', 'It takes too long to decode. Save it anew, smaller, and upload that.');
}
