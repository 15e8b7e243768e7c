/** Read model `downtimes`: when and why assets were out of service, a document for each time. */
import type { AssetEvent, DowntimeView } from '../../contracts/asset.ts';
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import { existing, type Folded, projector } from '../projector.ts';

/** A downtime as it is stored. */
export type DowntimeDocument = Omit<DowntimeView, 'id'> & { asset: string };

type OfDowntime = Extract<AssetEvent, { data: { downtime: string } }>;

function evolve(document: Folded<DowntimeDocument>, recorded: RecordedEvent): DowntimeDocument {
  const event = recorded as RecordedEvent & OfDowntime;
  switch (event.type) {
    case 'DowntimeBegan':
      // Where the stream of an asset was deleted and begun again, the newest counts.
      return { asset: idOf(recorded.stream), from: recorded.time, until: null, reason: event.data.reason, by: recorded.metadata.actor };
    case 'DowntimeEnded':
      return { ...existing(document, recorded), until: recorded.time };
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

export const downtimes = projector<DowntimeDocument>({
  model: {
    name: 'downtimes',
    version: 1,
    fields: { asset: 'text', by: 'text', from: 'text' },
    indexes: [
      ['asset', 'from'],
      ['by', 'from'],
    ],
  },
  events: ['DowntimeBegan', 'DowntimeEnded'],
  key: ({ data }: RecordedEvent) => (data as OfDowntime['data']).downtime,
  evolve,
});
