/** A child process that makes pictures, as its parent has it in hand: one picture at a time, and killed where one takes too long. */
import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MOST_COMPUTING, MOST_TIME } from './limits.ts';
import type { FromPictureChild, MadePicture, PictureJob, PictureLimit } from './messages.ts';
import { PictureFailed, PictureRefused, tooMuchMemory } from './refused.ts';

export interface PictureChildOptions {
  /** Milliseconds of computing for each size; default MOST_COMPUTING. */
  computing?: number | undefined;
  /** Milliseconds by the clock for each size; default MOST_TIME. */
  time?: number | undefined;
}

export interface PictureChild {
  readonly pid: number | undefined;
  /**
   * Makes the sizes of one picture, and tells each as soon as it is there. Errors: PictureRefused, PictureFailed, and the signal's reason, for which
   * the child is killed.
   */
  render(job: PictureJob, tell: (made: MadePicture) => void, signal: AbortSignal): Promise<void>;
  /** True once it ended, or was told to. */
  isGone(): boolean;
  /** Kills it; resolves when it is gone. */
  end(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./picture-child.ts', import.meta.url));
/** The niceness of the child: whatever answers people goes before it. */
const LOW_PRIORITY = 10;
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

/** Starts a child. It has no variable of our environment: there are passwords among them. */
export function startPictureChild({ computing = MOST_COMPUTING, time = MOST_TIME }: PictureChildOptions = {}): PictureChild {
  const child = fork(PROGRAM, [], {
    execArgv: [`--max-old-space-size=${HEAP}`, '--disable-warning=ExperimentalWarning'],
    env: { ...FRUGAL, MOST_COMPUTING: String(computing) },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const gone = endOf(child);
  let isGone = false;
  void gone.then(() => {
    isGone = true;
  });
  lower(child.pid);

  const kill = () => {
    isGone = true;
    child.kill('SIGKILL');
  };
  return {
    pid: child.pid,
    render: (job, tell, signal) => rendered({ child, gone, kill, time }, job, tell, signal),
    isGone: () => isGone,
    end: async () => {
      kill();
      await gone;
    },
  };
}

/** Its decoder's thread begins with the priority that the process has then. */
function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, LOW_PRIORITY);
  } catch {
    // It is gone already, and its first picture says so.
  }
}

/** Resolves with a text that says how the child ended, also where it could not be started. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, by) => resolve(by ? `it was ended by ${by}` : `it ended with code ${code}`));
    // The listener stays, because an error may come later, too, as when a message could not be sent, and must not end this process.
    child.on('error', (error) => resolve(error.message));
  });
}

interface Running {
  child: ChildProcess;
  gone: Promise<string>;
  kill(): void;
  time: number;
}

function rendered({ child, gone, kill, time }: Running, job: PictureJob, tell: (made: MadePicture) => void, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const killed = (why: Error) => {
    kill();
    reject(why);
  };
  const late = setTimeout(() => killed(new PictureFailed(`a size of the picture took longer than ${time} ms`)), time);
  const abort = () => killed(signal.reason as Error);
  const hear = (message: FromPictureChild) => {
    if ('made' in message) {
      late.refresh();
      tell(message.made);
      return;
    }
    if ('limit' in message) kill();
    const error = errorOf(message);
    if (error) reject(error);
    else resolve();
  };
  child.on('message', hear);
  signal.addEventListener('abort', abort, { once: true });
  void gone.then((how) => reject(new PictureFailed(`the process of the picture is gone: ${how}`)));
  child.send(job, (error) => error && killed(new PictureFailed(error.message)));
  if (signal.aborted) abort();
  return promise.finally(() => {
    clearTimeout(late);
    child.off('message', hear);
    signal.removeEventListener('abort', abort);
  });
}

/** The error with which a picture ended; undefined where all of it was made. */
function errorOf(end: Exclude<FromPictureChild, { made: unknown }>): Error | undefined {
  if ('done' in end) return undefined;
  if ('failed' in end) return new PictureFailed(end.failed);
  return 'refused' in end ? new PictureRefused(end.refused.rule, end.refused.detail) : overLimit(end.limit);
}

function overLimit(limit: PictureLimit): Error {
  return limit === 'memory'
    ? tooMuchMemory()
    : new PictureRefused('unreadable', 'It takes too long to decode. Save it anew, smaller, and upload that.');
}
