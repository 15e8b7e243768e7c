/**
 * The makers of pictures in this process: at most one child for each core, started by the first picture and ended when idle, and a bounded number of
 * pictures that wait for one.
 *
 *     const pictures = openPictures();
 *     await pictures.render({ path, type: 'image/jpeg', folder, without: [] }, ({ size, path }) => keep(size, path), signal);
 *     await pictures.close();
 */
import { availableParallelism } from 'node:os';
import { ChildPoolBusy, openChildPool } from '../children/child-pool.ts';
import { type PictureBounds, renderWith, startPictureChild } from './child.ts';
import { IDLE } from './limits.ts';
import type { MadePicture, PictureJob } from './messages.ts';
import { PicturesBusy } from './refused.ts';

export interface PicturesOptions extends PictureBounds {
  /** The most children; default the number of cores. */
  children?: number | undefined;
  /** The most pictures that wait for a child; default twice the number of children. */
  mostWaiting?: number | undefined;
  /** Milliseconds without a picture after which a child ends; default IDLE. */
  idle?: number | undefined;
}

export interface Pictures {
  /**
   * Makes the missing sizes of a picture, the smallest first, and tells each as soon as its file is there. Errors: FileRefused, PictureFailed,
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

export function openPictures(options: PicturesOptions = {}): Pictures {
  const { children = availableParallelism(), mostWaiting = 2 * children, idle = IDLE } = options;
  const pool = openChildPool({ start: () => startPictureChild(options), children, mostWaiting, idle });
  const done = { made: 0, failed: 0, seconds: 0 };

  async function counted(work: () => Promise<void>): Promise<void> {
    const began = performance.now();
    try {
      await work();
      done.made++;
    } catch (error) {
      done.failed++;
      throw error;
    } finally {
      done.seconds += (performance.now() - began) / 1_000;
    }
  }

  return {
    render: (job, tell, signal) =>
      pool
        .use((child, over) => counted(() => renderWith(child, { job, tell, signal: over }, options)), { signal })
        .catch((error: unknown) => {
          throw error instanceof ChildPoolBusy ? new PicturesBusy(error.message) : error;
        }),
    waiting: pool.waiting,
    done: () => ({ ...done }),
    pids: pool.pids,
    close: pool.close,
  };
}
