/** The state of a repair request. */
import type { Money } from '../../contracts/order.ts';
import type { RepairEvent } from '../../contracts/repair.ts';
import type { RepairCause, RepairParties, RepairStatus, WaitedFor } from '../../contracts/repair-state.ts';
import type { Priority } from '../../contracts/task.ts';

export type RepairEventOf<T extends RepairEvent['type']> = Extract<RepairEvent, { type: T }>;

/** What is said of a request, and may be changed. */
export interface RepairFields {
  place: string | null;
  asset: string | null;
  title: string;
  description: string;
  labels: readonly string[];
}

export interface RepairState extends RepairParties, RepairFields {
  exists: boolean;
  filedAt: string;
  status: RepairStatus;
  waitingFor: WaitedFor | null;
  /** What was said by whoever looked at it; null until somebody has. */
  triage: { priority: Priority; cause: RepairCause | null; deadline: string | null } | null;
  assignee: string | null;
  /** Up to when it can be confirmed or reopened, where it is done; null otherwise. */
  confirmUntil: string | null;
  comments: number;
  commentCharacters: number;
  /** The lines of cost by their ids. */
  costs: Readonly<Record<string, Money>>;
}

export const noRepair: RepairState = {
  ...{ exists: false, site: '', requester: null, filedAt: '', status: 'filed', waitingFor: null, triage: null, assignee: null, confirmUntil: null },
  ...{ place: null, asset: null, title: '', description: '', labels: [], comments: 0, commentCharacters: 0, costs: {} },
};

/** The state after one more event. */
export function repairAfter(state: RepairState, event: RepairEvent): RepairState {
  switch (event.type) {
    case 'RepairFiled':
      return { ...noRepair, ...event.data, description: event.data.description ?? '', exists: true };
    case 'RepairEdited':
      return { ...state, ...(event.data as Partial<RepairFields>) };
    case 'RepairTriaged':
      return { ...state, triage: event.data };
    case 'RepairAssigned':
      return { ...state, assignee: event.data.userId };
    case 'RepairStateChanged':
      return { ...state, status: event.data.to, waitingFor: event.data.waitingFor ?? null, confirmUntil: event.data.until ?? null };
    case 'RepairCommented':
      return { ...state, comments: state.comments + 1, commentCharacters: state.commentCharacters + event.data.text.length };
    case 'RepairCostAdded':
      return { ...state, costs: { ...state.costs, [event.data.cost]: event.data.price } };
    case 'RepairCostRemoved':
      return { ...state, costs: without(state.costs, event.data.cost) };
    default:
      event satisfies never;
      return state;
  }
}

function without(costs: RepairState['costs'], cost: string): RepairState['costs'] {
  const { [cost]: _, ...others } = costs;
  return others;
}
