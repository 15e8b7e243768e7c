/** Read model `complaints`: every complaint as it is now. What happened to it, and what was said, is in `complaint_entries`. */
import type { ComplaintEvent, ComplaintView } from '../../contracts/complaint.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { words } from '../words.ts';
import { atSite } from './assets.ts';

/** A complaint as it is stored. */
export type ComplaintDocument = Omit<ComplaintView, 'id' | 'escalated'> & {
  escalated: 0 | 1;
  /** Its site and who filed it, as `atSite` and `filedByUser` write them: the field by which lists find what a caller sees. */
  seen: string[];
  words: string[];
};

type Fields = Omit<ComplaintDocument, 'seen' | 'words'>;

/** What somebody filed, as lists search for it. */
export function filedByUser(userId: string): string {
  return `user ${userId}`;
}

function evolve(document: Folded<ComplaintDocument>, recorded: RecordedEvent): ComplaintDocument {
  const event = recorded as RecordedEvent & ComplaintEvent;
  const { revision } = recorded;
  if (event.type === 'ComplaintFiled') {
    beginning(document, recorded);
    return found({ ...event.data, labels: [], status: 'filed', escalated: 0, filedAt: recorded.time, revision });
  }
  return found({ ...existing(document, recorded), ...changeBy(event), revision });
}

function changeBy(event: Exclude<ComplaintEvent, { type: 'ComplaintFiled' }>): Partial<Fields> {
  switch (event.type) {
    case 'ComplaintEdited':
      return event.data as Partial<Fields>;
    case 'ComplaintStatusChanged':
      return { status: event.data.to };
    case 'ComplaintReopened':
      return { status: 'in-progress', escalated: 0 };
    case 'ComplaintEscalated':
      return { escalated: 1 };
    case 'ComplaintReplied':
    case 'ComplaintNoted':
      return {};
    default:
      event satisfies never;
      return {};
  }
}

/** A complaint with what lists find it by. */
function found(complaint: Fields): ComplaintDocument {
  const { site, filedBy, subject, text, labels } = complaint;
  return {
    ...complaint,
    seen: [atSite(site), ...(filedBy === null ? [] : [filedByUser(filedBy)])],
    words: words([subject, text, ...labels].join(' ')),
  };
}

export const complaints = projector<ComplaintDocument>({
  model: {
    name: 'complaints',
    version: 1,
    fields: {
      ...{ site: 'text', status: 'text', priority: 'text', cause: 'text', filedBy: 'text', filedAt: 'text', escalated: 'number' },
      ...{ labels: 'texts', seen: 'texts', words: 'texts' },
    },
    indexes: [['filedAt'], ['site', 'filedAt'], ['filedBy', 'filedAt']],
  },
  events: [
    ...(['ComplaintFiled', 'ComplaintEdited', 'ComplaintStatusChanged', 'ComplaintReopened'] as const),
    ...(['ComplaintEscalated', 'ComplaintReplied', 'ComplaintNoted'] as const),
  ],
  key: byStream,
  evolve,
});
