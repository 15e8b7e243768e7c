/** The bus as our followers hear it: it carries events as the store has them, sealed, and they are opened where a follower takes them. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { BusMessage, EventBus } from '../event-bus/event-bus.ts';
import { openSealed } from './open-events.ts';
import { KEY_LIFE, type PersonKeys } from './person-keys.ts';

/** The bus whose followers get opened events. Errors of `follow`, beside the bus's: those of the keys. */
export function openingBus(bus: EventBus, keys: Pick<PersonKeys, 'toOpen'>): EventBus {
  const open = openedOnce(keys);
  return {
    ...bus,
    follow: (queue, options) => each(bus.follow(queue, options), open),
  };
}

async function* each(
  batches: AsyncIterable<BusMessage[]>,
  open: (events: RecordedEvent[]) => Promise<RecordedEvent[]>,
): AsyncGenerator<BusMessage[]> {
  for await (const batch of batches) {
    const events = await open(batch.map(({ event }) => event));
    yield batch.map((message, index) => ({ ...message, event: events[index] as RecordedEvent }));
  }
}

/** In one process all followers hear the same events of the bus: each is opened once for all of them, as long as keys live. */
function openedOnce(keys: Pick<PersonKeys, 'toOpen'>): (events: RecordedEvent[]) => Promise<RecordedEvent[]> {
  const known = new WeakMap<RecordedEvent, { event: RecordedEvent; at: number }>();

  return async (events) => {
    const now = performance.now();
    const isKnown = (event: RecordedEvent) => now - (known.get(event)?.at ?? Number.NEGATIVE_INFINITY) < KEY_LIFE;
    const fresh = events.filter((event) => !isKnown(event));
    const opened = await openSealed(fresh, keys);
    const newly = new Map(fresh.map((event, index) => [event, opened[index] as RecordedEvent]));
    for (const [event, its] of newly) if (its !== event) known.set(event, { event: its, at: now });
    return events.map((event) => newly.get(event) ?? known.get(event)?.event ?? event);
  };
}
