/** The appends that every store refuses, before anything is recorded. */
import { isForwardable, type NewEvent } from '../../contracts/message.ts';
import type { AppendOptions } from './event-store.ts';
import { isPlain } from './sqlite/wire.ts';

/** Makes sure that an append is one a store takes: events, their times, and `keep`. Error: RangeError. */
export function checkAppend(stream: string, events: readonly NewEvent[], { keep, times }: AppendOptions): void {
  if (events.length === 0) throw new RangeError('an append has at least one event');
  if (keep !== undefined && (isForwardable(stream) || keep < 1)) throw new RangeError('only bookkeeping streams are trimmed, to at least one event');
  if (times && (times.length !== events.length || !times.every(isTime))) throw new RangeError('each event has its own time, in UTC');
  if (![stream, ...events.flatMap(({ id, type }) => [id, type])].every(isPlain)) throw new RangeError('names are well-formed text without NUL');
}

function isTime(time: string): boolean {
  const ms = Date.parse(time);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === time;
}
