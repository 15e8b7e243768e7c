/** Read model `repairs`: every repair request as it is now. What was said to it, its steps and costs are in `repair_details`. */
import type { RecordedEvent } from '../../contracts/message.ts';
import { type RepairEvent, repairContract } from '../../contracts/repair.ts';
import type { RepairSummary } from '../../contracts/repair-view.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { words } from '../words.ts';
import { atSite } from './assets.ts';

/** A request as it is stored. */
export type RepairDocument = Omit<RepairSummary, 'id'> & {
  description: string;
  /** Its site, and who filed it, as `atSite` and `filedBy` write them: the field by which lists find what a caller sees. */
  seen: string[];
  words: string[];
};

type OfRepair<T extends RepairEvent['type']> = Extract<RepairEvent, { type: T }>;

/** What somebody filed, as lists search for it. */
export function filedBy(user: string): string {
  return `requester ${user}`;
}

function evolve(document: Folded<RepairDocument>, recorded: RecordedEvent): RepairDocument {
  const event = recorded as RecordedEvent & RepairEvent;
  if (event.type === 'RepairFiled') {
    beginning(document, recorded);
    return filed(recorded, event.data);
  }
  const { time: updatedAt, revision } = recorded;
  return { ...changed(existing(document, recorded), event), updatedAt, revision };
}

function filed({ time, revision }: RecordedEvent, data: OfRepair<'RepairFiled'>['data']): RepairDocument {
  const { site, place, asset, title, description = '', requester, labels, filedAt } = data;
  const seen = [atSite(site), ...(requester === null ? [] : [filedBy(requester)])];
  const nothingYet = { waitingFor: null, cause: null, assignee: null, deadline: null, confirmUntil: null, duplicateOf: null };
  return found({
    ...{ site, place, asset, title, description, state: 'filed', priority: 'normal', ...nothingYet, labels, requester },
    ...{ filedAt, updatedAt: time, revision, seen, words: [] },
  });
}

function changed(document: RepairDocument, event: Exclude<RepairEvent, OfRepair<'RepairFiled'>>): RepairDocument {
  switch (event.type) {
    case 'RepairEdited':
      return found({ ...document, ...(event.data as Partial<RepairDocument>) });
    case 'RepairTriaged':
      return { ...document, ...event.data };
    case 'RepairAssigned':
      return { ...document, assignee: event.data.userId };
    case 'RepairStateChanged':
      return stepped(document, event.data);
    case 'RepairCommented':
    case 'RepairCostAdded':
    case 'RepairCostRemoved':
      return document;
    default:
      event satisfies never;
      return document;
  }
}

function stepped(document: RepairDocument, step: OfRepair<'RepairStateChanged'>['data']): RepairDocument {
  const { to, waitingFor = null, until = null, duplicateOf = null } = step;
  return { ...document, state: to, waitingFor, confirmUntil: until, duplicateOf };
}

/** A request with the words that lists find it by. */
function found(document: RepairDocument): RepairDocument {
  const { title, description, labels } = document;
  return { ...document, words: words([title, description, ...labels].join(' ')) };
}

export const repairs = projector<RepairDocument>({
  model: {
    name: 'repairs',
    version: 1,
    fields: {
      ...{ site: 'text', place: 'text', asset: 'text', state: 'text', assignee: 'text', priority: 'text', requester: 'text', duplicateOf: 'text' },
      ...{ filedAt: 'text', confirmUntil: 'text', labels: 'texts', seen: 'texts', words: 'texts' },
    },
    indexes: [
      ['filedAt'],
      ['site', 'filedAt'],
      ['asset', 'filedAt'],
      ['requester', 'filedAt'],
      ['assignee', 'filedAt'],
      ['duplicateOf'],
      ['confirmUntil'],
    ],
  },
  events: Object.keys(repairContract.events),
  key: byStream,
  evolve,
});
