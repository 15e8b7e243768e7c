import { uptime } from 'node:os';

/**
 * Milliseconds since the machine was started, to a hundredth of a second: nobody sets this clock, and unlike `performance.now()` it goes on while the
 * machine sleeps. For rights that others take over meanwhile.
 */
export function sinceBoot(): number {
  return uptime() * 1_000;
}
