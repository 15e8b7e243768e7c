/** How old an object must be before it is nobody's: until then whoever put it may be about to say so. */

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The beginnings of the keys that are ours to sweep and compare. */
export const areas = ['incoming/', 'media/'] as const;

/** The milliseconds for which work on a file that was received may go on after its last event, or after the last object that it put. */
export const LONGEST_WORK = HOUR;

/** The milliseconds that an object of this key may wait for its event: what a client posted, as long as it may be received. */
export function leastAge(key: string): number {
  return key.startsWith('incoming/') ? DAY : LONGEST_WORK;
}
