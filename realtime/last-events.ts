/** The end of the log, to fill the ring with. */
import { type Position, type RecordedEvent, START } from '../contracts/message.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';

/** The log's last events in log order: at most `most`, with about `bytes` bytes of data. `floor`: the position after which none is missing. */
export async function lastEvents(store: EventStore, most: number, bytes: number): Promise<{ events: RecordedEvent[]; floor: Position }> {
  const events: RecordedEvent[] = [];
  let size = 0;
  for await (const page of store.readAll({ direction: 'backwards', limit: most + 1 })) {
    for (const event of page) {
      if (events.length === most || size > bytes) return { events: events.reverse(), floor: event.position };
      events.push(event);
      size += JSON.stringify(event.data).length;
    }
  }
  return { events: events.reverse(), floor: START };
}
