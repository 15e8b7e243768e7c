/**
 * A repair request and its task as two tellings of one thing: what the task is to be by the request, and who changed what since both said the same.
 * Pure. The base is folded from both streams in the order of the log, so that it is the same after a kill, and wherever it is asked.
 */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { RepairEvent } from '../../contracts/repair.ts';
import type { RepairStatus } from '../../contracts/repair-state.ts';
import type { Priority, Status, TaskEvent } from '../../contracts/task.ts';
import { noRepair, type RepairState, repairAfter } from '../deciders/repair-state.ts';
import { initial as noTask, type TaskState, evolve as taskAfter } from '../deciders/task.ts';

/** What both tell: who is to do it, how far it is, by when, how urgent. */
export interface Told {
  assignee: string | null;
  status: Status;
  deadline: string | null;
  priority: Priority;
}

/** The fields of it, in the order in which they are brought into step: a task that is somebody's can be begun. */
const FIELDS = ['assignee', 'status', 'deadline', 'priority'] as const satisfies readonly (keyof Told)[];
export type ToldField = (typeof FIELDS)[number];

/** The status of the task of a request. Where nobody is to repair it, its task is cancelled until somebody is. */
const STATUS_OF: Readonly<Record<RepairStatus, Status>> = {
  filed: 'cancelled',
  triaged: 'cancelled',
  assigned: 'open',
  'in-progress': 'in-progress',
  waiting: 'in-progress',
  done: 'done',
  confirmed: 'done',
  closed: 'done',
  cancelled: 'cancelled',
  merged: 'cancelled',
};

/** What the request tells. */
export function toldByRepair({ assignee, status, triage }: RepairState): Told {
  return { assignee, status: STATUS_OF[status], deadline: triage?.deadline ?? null, priority: triage?.priority ?? 'normal' };
}

/** What the task tells; a deleted one counts as cancelled. */
export function toldByTask({ assignee, status, deleted, deadline, priority }: TaskState): Told {
  return { assignee, status: deleted ? 'cancelled' : status, deadline, priority };
}

/** A request and its task, with who changed what. */
export interface ComparedTelling {
  repair: RepairState;
  task: TaskState;
  /** The fields in which they differ since the task was changed and the request was not. */
  byTask: readonly ToldField[];
  /** The fields in which they differ, and in which the request counts. */
  byRepair: readonly ToldField[];
}

/** Compares both by all their events, each in its newest shape. */
export function compared(ofRepair: readonly RecordedEvent[], ofTask: readonly RecordedEvent[]): ComparedTelling {
  const all = [...ofRepair, ...ofTask].sort((one, other) => (one.position < other.position ? -1 : 1));
  const repairEvents = new Set(ofRepair);
  let [repair, task] = [noRepair, noTask];
  const base: Partial<Told> = {};
  for (const event of all) {
    if (repairEvents.has(event)) repair = repairAfter(repair, event as RecordedEvent & RepairEvent);
    else task = taskAfter(task, event as RecordedEvent & TaskEvent);
    if (task.exists) agree(base, toldByRepair(repair), toldByTask(task));
  }
  const [asked, there] = [toldByRepair(repair), toldByTask(task)];
  const other = task.exists ? FIELDS.filter((field) => asked[field] !== there[field]) : [];
  return {
    repair,
    task,
    byTask: other.filter((field) => asked[field] === base[field]),
    byRepair: other.filter((field) => asked[field] !== base[field]),
  };
}

function agree(base: Partial<Told>, one: Told, other: Told): void {
  for (const field of FIELDS) if (one[field] === other[field]) Object.assign(base, { [field]: one[field] });
}
