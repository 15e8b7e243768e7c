/** Read model `repair_details`: what was said to each repair request, its steps and its lines of cost. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { RepairEvent } from '../../contracts/repair.ts';
import type { RepairComment, RepairCost, RepairStep } from '../../contracts/repair-view.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';

/** What is kept of a request beside how it is now. */
export type RepairDetailsDocument = {
  comments: RepairComment[];
  steps: RepairStep[];
  costs: RepairCost[];
  /** Who has said anything here: comments, reasons of steps, and what costs are for. */
  authors: string[];
};

type OfDetails = Extract<RepairEvent, { type: 'RepairFiled' | 'RepairStateChanged' | 'RepairCommented' | 'RepairCostAdded' | 'RepairCostRemoved' }>;
type Step = Extract<RepairEvent, { type: 'RepairStateChanged' }>['data'];

/** The most steps that are kept: a request that goes to and fro for ever is no longer document. */
const MOST_STEPS = 200;

function evolve(document: Folded<RepairDetailsDocument>, recorded: RecordedEvent): RepairDetailsDocument {
  const event = recorded as RecordedEvent & OfDetails;
  if (event.type === 'RepairFiled') {
    beginning(document, recorded);
    return { comments: [], steps: [], costs: [], authors: [] };
  }
  return changed(existing(document, recorded), event);
}

function changed(document: RepairDetailsDocument, event: RecordedEvent & Exclude<OfDetails, { type: 'RepairFiled' }>): RepairDetailsDocument {
  const { metadata, time } = event;
  const by = metadata.actor;
  switch (event.type) {
    case 'RepairStateChanged':
      return spoken({ ...document, steps: [...document.steps, step(event.data, { by, time })].slice(-MOST_STEPS) });
    case 'RepairCommented':
      return spoken({ ...document, comments: [...document.comments, { id: event.data.commentId, by, time, text: event.data.text }] });
    case 'RepairCostAdded':
      return spoken({ ...document, costs: [...document.costs, { id: event.data.cost, by, time, text: event.data.text, price: event.data.price }] });
    case 'RepairCostRemoved':
      return spoken({ ...document, costs: document.costs.filter(({ id }) => id !== event.data.cost) });
    default:
      event satisfies never;
      return document;
  }
}

function step({ from, to, waitingFor, reason }: Step, { by, time }: { by: string; time: string }): RepairStep {
  return { time, by, from, to, waitingFor: waitingFor ?? null, reason: reason ?? null };
}

function spoken(document: RepairDetailsDocument): RepairDetailsDocument {
  const { comments, steps, costs } = document;
  const authors = [...comments, ...steps.filter(({ reason }) => reason !== null), ...costs].map(({ by }) => by);
  return { ...document, authors: [...new Set(authors)] };
}

export const repairDetails = projector<RepairDetailsDocument>({
  model: { name: 'repair_details', version: 1, fields: { authors: 'texts' }, indexes: [['authors']] },
  events: ['RepairFiled', 'RepairStateChanged', 'RepairCommented', 'RepairCostAdded', 'RepairCostRemoved'],
  key: byStream,
  evolve,
});
