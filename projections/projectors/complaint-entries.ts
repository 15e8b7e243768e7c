/** Read model `complaint_entries`: what happened to complaints, and what was said of them, a document for each event. */
import type { ComplaintEntryView, ComplaintEvent } from '../../contracts/complaint.ts';
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import { projector } from '../projector.ts';

/** A line of a complaint's history as it is stored. */
export type ComplaintEntryDocument = ComplaintEntryView & {
  complaint: string;
  revision: number;
  /** Who wrote its text; null where it has none. */
  author: string | null;
};

type Entry = Pick<ComplaintEntryView, 'kind' | 'status' | 'text'>;

function entryOf(event: ComplaintEvent): Entry {
  switch (event.type) {
    case 'ComplaintFiled':
      return { kind: 'filed', status: 'filed' };
    case 'ComplaintEdited':
      return { kind: 'edited' };
    case 'ComplaintStatusChanged':
      return { kind: 'status', status: event.data.to };
    case 'ComplaintReopened':
      return { kind: 'reopened', status: 'in-progress' };
    case 'ComplaintEscalated':
      return { kind: 'escalated' };
    case 'ComplaintReplied':
      return { kind: 'reply', text: event.data.text };
    case 'ComplaintNoted':
      return { kind: 'note', text: event.data.text };
    default:
      return event satisfies never;
  }
}

export const complaintEntries = projector<ComplaintEntryDocument>({
  model: {
    name: 'complaint_entries',
    version: 1,
    fields: { complaint: 'text', kind: 'text', author: 'text', time: 'text', revision: 'number' },
    indexes: [
      ['complaint', 'revision'],
      ['author', 'time'],
    ],
  },
  events: [
    ...(['ComplaintFiled', 'ComplaintEdited', 'ComplaintStatusChanged', 'ComplaintReopened'] as const),
    ...(['ComplaintEscalated', 'ComplaintReplied', 'ComplaintNoted'] as const),
  ],
  key: ({ id }: RecordedEvent) => id,
  evolve: (_document, recorded) => {
    const entry = entryOf(recorded as RecordedEvent & ComplaintEvent);
    const { time, revision, stream, metadata } = recorded;
    return { complaint: idOf(stream), revision, time, by: metadata.actor, author: entry.text === undefined ? null : metadata.actor, ...entry };
  },
});
