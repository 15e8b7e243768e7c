/** The end of a process that cannot be asked to end. */
import { outletOf } from '../platform/outlet.ts';

/**
 * Ends this process whatever it has in hand. `process.exit` would wait for threads that work on a disk, and a disk may hang. Of the outputs is written what can
 * be without waiting.
 */
export function endAtOnce(): void {
  for (const fd of [1, 2] as const) outletOf(fd).flushSync();
  process.kill(process.pid, 'SIGKILL');
}
