/** The question of the scheduler to the read model `timers`. */
import type { Position } from '../contracts/message.ts';
import type { PendingTimer, TimerKind } from '../contracts/timer.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { type TimerDocument, timers } from './projectors/timers.ts';

const FIELDS = { due_soon: 'dueSoonOf', overdue: 'overdueOf' } as const satisfies Record<TimerKind, keyof TimerDocument>;
const REACHED_WITHIN = 2_000;
const { model } = timers;

/**
 * Makes the question: timers of a kind that have not fired, the earliest deadlines first, at most `limit`, only those after `after`.
 * Null where the read model does not exist or has not reached `at`.
 */
export function pendingTimersIn(readModels: ReadModels) {
  return async (kind: TimerKind, { limit, at, after }: { limit: number; at: Position; after?: PendingTimer }): Promise<PendingTimer[] | null> => {
    if (!(await readModels.reached(model, at, REACHED_WITHIN))) return null;
    const state = await readModels.state(model);
    if (!state || state.version !== model.version) return null;
    const field = FIELDS[kind];
    const found = await readModels.find(model, state.generation, {
      where: [{ field, op: 'gt', value: '' }],
      sort: [{ field, descending: false }],
      limit,
      ...(after ? { after: { values: [after.deadline], id: after.id } } : {}),
    });
    return found.flatMap(({ id, document }) => {
      const deadline = (document as TimerDocument | null)?.[field];
      return deadline ? [{ id, deadline }] : [];
    });
  };
}
