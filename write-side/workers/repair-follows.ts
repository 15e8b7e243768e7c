/** How a repair request follows its task: the command that the request gets where the task alone was changed. It decides by its own rules. */
import type { RepairCommand } from '../../contracts/repair.ts';
import type { RepairState } from '../deciders/repair-state.ts';
import { type ComparedTelling, type Told, type ToldField, toldByRepair, toldByTask } from './in-step.ts';

type Following<C extends RepairCommand = RepairCommand> = C extends unknown ? Pick<C, 'type' | 'data'> : never;

/** The command by which a request follows its task in a field. */
export function followOf(field: ToldField, { repair, task, byTask }: ComparedTelling): Following {
  const told = toldByTask(task);
  switch (field) {
    case 'assignee':
      return { type: 'AssignRepair', data: { userId: told.assignee } };
    case 'status':
      return followStatus(told.status, repair);
    case 'deadline':
    case 'priority': {
      const asked = toldByRepair(repair);
      const of = <F extends 'deadline' | 'priority'>(one: F): Told[F] => (byTask.includes(one) ? told[one] : asked[one]);
      return { type: 'TriageRepair', data: { priority: of('priority'), deadline: of('deadline') } };
    }
    default:
      return field satisfies never;
  }
}

/** A task that is cancelled gives its request back: somebody else may repair it. */
function followStatus(status: Told['status'], repair: RepairState): Following {
  if (status === 'cancelled') return { type: 'AssignRepair', data: { userId: null } };
  if (status === 'done') return { type: 'SetRepairState', data: { state: 'done' } };
  if (repair.status === 'done') return { type: 'ReopenRepair', data: { reason: 'Its task was opened again.' } };
  return { type: 'SetRepairState', data: { state: status === 'open' ? 'assigned' : status } };
}
