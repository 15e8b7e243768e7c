/** Read model `residents`: who lives or lived in which unit, a document a stretch. Whether somebody lives there now, who reads it knows by the time. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { ResidentView, SiteEvent } from '../../contracts/site.ts';
import { existing, type Folded, projector } from '../projector.ts';

/** A stretch as it is stored. */
export type ResidentDocument = Omit<ResidentView, 'id'> & {
  site: string;
  /** The end, and where none is known a text after every time. */
  end: string;
};

/** After every time that is written with four digits for the year. */
export const NO_END = '~';

type OfResident = Extract<SiteEvent, { data: { residency: string } }>;

function evolve(document: Folded<ResidentDocument>, recorded: RecordedEvent): ResidentDocument {
  const event = recorded as RecordedEvent & OfResident;
  switch (event.type) {
    case 'ResidentMovedIn': {
      // Where the stream of a site was deleted and begun again, the newest counts.
      const { unit, userId, from } = event.data;
      return { site: idOf(recorded.stream), unit, userId, from, until: null, end: NO_END };
    }
    case 'ResidentMovedOut':
      return { ...existing(document, recorded), until: event.data.until, end: event.data.until };
    default:
      event satisfies never;
      return existing(document, recorded);
  }
}

export const residents = projector<ResidentDocument>({
  model: {
    name: 'residents',
    version: 1,
    fields: { site: 'text', unit: 'text', userId: 'text', from: 'text', end: 'text' },
    indexes: [
      ['site', 'from'],
      ['unit', 'from'],
      ['userId', 'from'],
    ],
  },
  events: ['ResidentMovedIn', 'ResidentMovedOut'],
  key: ({ data }: RecordedEvent) => (data as OfResident['data']).residency,
  evolve,
});
