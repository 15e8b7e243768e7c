/** Read model `blocked`: who is not let in at which site, a document an entry, until it is forgotten. */
import type { BlockedView, BlocklistEvent } from '../../contracts/blocklist.ts';
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import { ERASED } from '../../contracts/personal.ts';
import { existing, type Folded, projector } from '../projector.ts';

/** An entry as it is stored. */
export type BlockedDocument = Omit<BlockedView, 'id'> & {
  site: string;
  /** The time from which on the entry is forgotten: its end, or when it was taken off the list. */
  forgetAt: string;
};

type OfEntry = Extract<BlocklistEvent, { data: { entry: string } }>;

function evolve(document: Folded<BlockedDocument>, recorded: RecordedEvent): BlockedDocument | null {
  const event = recorded as RecordedEvent & OfEntry;
  switch (event.type) {
    case 'VisitorBlocked': {
      const { name, plate, reason, until } = event.data;
      return { site: idOf(recorded.stream), name: name ?? null, plate: plate ?? null, reason, until, madeAt: recorded.time, forgetAt: until };
    }
    case 'VisitorUnblocked':
      return { ...existing(document, recorded), name: null, plate: null, reason: ERASED, forgetAt: recorded.time };
    case 'BlockErased':
      existing(document, recorded);
      return null;
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

export const blockedVisitors = projector<BlockedDocument>({
  model: {
    name: 'blocked',
    version: 1,
    fields: { site: 'text', madeAt: 'text', forgetAt: 'text' },
    indexes: [['site', 'madeAt'], ['forgetAt']],
  },
  events: ['VisitorBlocked', 'VisitorUnblocked', 'BlockErased'],
  key: ({ data }: RecordedEvent) => (data as OfEntry['data']).entry,
  evolve,
});
