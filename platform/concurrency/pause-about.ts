import { setTimeout as delay } from 'node:timers/promises';

/** Waits for so many milliseconds, less a random part of up to a half, so that many who wait do not come again at once; shorter where the signal aborts. */
export function pauseAbout(milliseconds: number, signal: AbortSignal): Promise<void> {
  return delay(milliseconds * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
}
