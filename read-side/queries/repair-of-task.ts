/** The repair request whose work a task is, as its task shows it. */
import { maySeeRepair } from '../../contracts/repair-state.ts';
import type { TaskDetail } from '../../contracts/task.ts';
import type { Caller } from '../../platform/http/route.ts';
import { type RepairDocument, repairs } from '../../projections/projectors/repairs.ts';
import { type QueryContext, readWhole } from '../reading.ts';

/** Of a request what a task shows; undefined where the caller does not see it. Errors: those of `readWhole`. */
export async function repairOfTask(context: QueryContext, caller: Caller, id: string): Promise<TaskDetail['repair']> {
  const { result } = await readWhole(context, repairs, ({ one }) => one(id));
  const repair = result?.document as RepairDocument | null | undefined;
  if (!repair || !maySeeRepair(caller, repair)) return undefined;
  const { title, description, state } = repair;
  return { id, title, description, state };
}
