/** Pages of the log in stretches that a read model takes at once. */
import type { RecordedEvent } from '../contracts/message.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';

export interface LaneStretch {
  events: RecordedEvent[];
  /** The last event of the stretch, wanted or not. */
  checkpoint: Checkpoint;
}

/** The page in stretches of `size()` wanted events, asked for each stretch anew; the last one has the rest of the page. */
export function* stretchesOf(page: readonly RecordedEvent[], wanted: readonly string[], size: () => number): Generator<LaneStretch> {
  const types = new Set(wanted);
  let events: RecordedEvent[] = [];
  for (const [index, event] of page.entries()) {
    if (types.has(event.type)) events.push(event);
    const isLast = index === page.length - 1;
    if (events.length < size() && !isLast) continue;
    yield { events, checkpoint: { position: event.position, eventId: event.id } };
    events = [];
  }
}
