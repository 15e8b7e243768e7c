/** Policy of visits: an arrival is told to the host, but to none who let the visitor in themselves. Pure. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { VisitEvent } from '../../contracts/visit.ts';
import { others, told, type Wanted } from '../wanted.ts';

export function visitPolicy(recorded: RecordedEvent): Wanted[] {
  const event = recorded as RecordedEvent & VisitEvent;
  if (event.type !== 'VisitorArrived' && event.type !== 'VisitorWalkedIn') return [];
  const { stream, revision, metadata, data } = event;
  return others([data.host], metadata.actor).map(told('in-app', 'visitor_arrived', { stream, revision }));
}
