/** Read model `places`: the buildings, floors, units and places of all sites, a document each, so that a change of one writes no whole tree. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { PlaceView, SiteEvent } from '../../contracts/site.ts';
import { existing, type Folded, projector } from '../projector.ts';
import { sortKey } from '../words.ts';

/** A place as it is stored. */
export type PlaceDocument = Omit<PlaceView, 'id'> & { site: string; nameKey: string };

type OfPlace = Extract<SiteEvent, { data: { placeId: string } }>;

function evolve(document: Folded<PlaceDocument>, recorded: RecordedEvent): PlaceDocument | null {
  const event = recorded as RecordedEvent & OfPlace;
  switch (event.type) {
    case 'PlaceAdded': {
      // Where the stream of a site was deleted and begun again, the newest counts.
      const { kind, name, parent } = event.data;
      return { site: idOf(recorded.stream), kind, name, parent, nameKey: sortKey(name) };
    }
    case 'PlaceRenamed':
      return { ...existing(document, recorded), name: event.data.name, nameKey: sortKey(event.data.name) };
    case 'PlaceMoved':
      return { ...existing(document, recorded), parent: event.data.to };
    case 'PlaceRemoved':
      existing(document, recorded);
      return null;
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

export const places = projector<PlaceDocument>({
  model: { name: 'places', version: 1, fields: { site: 'text', nameKey: 'text' }, indexes: [['site', 'nameKey']] },
  events: ['PlaceAdded', 'PlaceRenamed', 'PlaceMoved', 'PlaceRemoved'],
  key: ({ data }: RecordedEvent) => (data as OfPlace['data']).placeId,
  evolve,
});
