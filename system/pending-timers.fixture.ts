/** The scheduler's read model, folded from events in memory. */
import type { RecordedEvent } from '../contracts/message.ts';
import type { TimerKind } from '../contracts/timer.ts';
import type { AtTime } from '../platform/time/by-time.ts';
import { type TimerDocument, timers } from '../projections/projectors/timers.ts';

/** The timers of a kind that have not fired after these events, in no order. */
export function pendingAfter(events: readonly RecordedEvent[], kind: TimerKind): AtTime[] {
  const documents = new Map<string, TimerDocument | null>();
  for (const event of events) {
    if (!timers.events.includes(event.type)) continue;
    const id = timers.key(event) as string;
    documents.set(id, timers.evolve(documents.get(id), event));
  }
  const field = kind === 'overdue' ? 'overdueOf' : 'dueSoonOf';
  return [...documents].flatMap(([id, document]) => (document?.[field] ? [{ id, time: document[field] }] : []));
}
