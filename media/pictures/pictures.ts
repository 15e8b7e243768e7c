/**
 * The makers of pictures in this process: at most one child for each core, started by the first picture and ended when idle, and a bounded number of
 * pictures that wait for one.
 *
 *     const pictures = openPictures();
 *     await pictures.render({ path, type: 'image/jpeg', folder, without: [] }, ({ size, path }) => keep(size, path), signal);
 *     await pictures.close();
 */
import { availableParallelism } from 'node:os';
import { type PictureChild, type PictureChildOptions, startPictureChild } from './child.ts';
import { IDLE } from './limits.ts';
import type { MadePicture, PictureJob } from './messages.ts';
import { PicturesBusy } from './refused.ts';

export interface PicturesOptions extends PictureChildOptions {
  /** The most children; default the number of cores. */
  children?: number | undefined;
  /** The most pictures that wait for a child; default twice the number of children. */
  mostWaiting?: number | undefined;
  /** Milliseconds without a picture after which a child ends; default IDLE. */
  idle?: number | undefined;
}

export interface Pictures {
  /**
   * Makes the missing sizes of a picture, the smallest first, and tells each as soon as its file is there. Errors: PictureRefused, PictureFailed,
   * PicturesBusy, and the signal's reason.
   */
  render(job: PictureJob, tell: (made: MadePicture) => void, signal: AbortSignal): Promise<void>;
  /** The pictures that are being made, and those that wait for a child. */
  waiting(): number;
  /** What was done since the start: pictures made, pictures refused or failed, and the seconds that all of them took. */
  done(): { made: number; failed: number; seconds: number };
  /** The process ids of the children. */
  pids(): number[];
  /** Ends all children; pictures under way fail, and those that wait do. */
  close(): Promise<void>;
}

interface IdleChild {
  child: PictureChild;
  timer: NodeJS.Timeout;
}

export function openPictures(options: PicturesOptions = {}): Pictures {
  const { children = availableParallelism(), mostWaiting = 2 * children, idle = IDLE } = options;
  const resting: IdleChild[] = [];
  const busy = new Set<PictureChild>();
  const waiters: (() => void)[] = [];
  const closing = new AbortController();
  let turns = 0;
  const done = { made: 0, failed: 0, seconds: 0 };

  /** Waits for one of the turns, of which there are as many as children. */
  async function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (turns < children) {
      turns++;
      return;
    }
    if (waiters.length >= mostWaiting) throw new PicturesBusy(`${waiters.length} pictures wait already`);
    await new Promise<void>((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiters.splice(waiters.indexOf(begin), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiters.push(begin);
    });
  }

  /** Gives a turn on to the picture that has waited longest. */
  function turnOver(): void {
    const next = waiters.shift();
    if (next) next();
    else turns--;
  }

  function take(): PictureChild {
    for (let one = resting.pop(); one; one = resting.pop()) {
      clearTimeout(one.timer);
      if (!one.child.isGone()) return one.child;
    }
    return startPictureChild(options);
  }

  function putBack(child: PictureChild): void {
    if (child.isGone()) return;
    const timer = setTimeout(() => {
      resting.splice(
        resting.findIndex((one) => one.child === child),
        1,
      );
      void child.end();
    }, idle);
    resting.push({ child, timer });
  }

  async function render(job: PictureJob, tell: (made: MadePicture) => void, over: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([over, closing.signal]);
    await turn(signal);
    const began = performance.now();
    const child = take();
    busy.add(child);
    try {
      await child.render(job, tell, signal);
      done.made++;
    } catch (error) {
      done.failed++;
      throw error;
    } finally {
      busy.delete(child);
      putBack(child);
      turnOver();
      done.seconds += (performance.now() - began) / 1_000;
    }
  }

  return {
    render,
    waiting: () => turns + waiters.length,
    done: () => ({ ...done }),
    pids: () => [...busy, ...resting.map(({ child }) => child)].flatMap(({ pid }) => pid ?? []),
    close: async () => {
      closing.abort(new Error('the pictures are closed'));
      for (const { timer } of resting) clearTimeout(timer);
      await Promise.all([...busy, ...resting.splice(0).map(({ child }) => child)].map((child) => child.end()));
    },
  };
}
