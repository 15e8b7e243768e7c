/** The question of the clock that closes repair requests to the read model `repairs`. */
import type { Position } from '../contracts/message.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { type RepairDocument, repairs } from './projectors/repairs.ts';

const REACHED_WITHIN = 2_000;
const { model } = repairs;
const FIELD = 'confirmUntil';

/** A thing that waits for a time: ISO 8601, UTC. */
interface Waiting {
  id: string;
  due: string;
}

/**
 * Makes the question: requests that are done and neither confirmed nor reopened, those first whose time is over first, at most `limit`, only those
 * after `after`. Null where the read model does not exist or has not reached `at`.
 */
export function unconfirmedRepairsIn(readModels: ReadModels) {
  return async ({ limit, at, after }: { limit: number; at: Position; after?: Waiting }): Promise<Waiting[] | null> => {
    if (!(await readModels.reached(model, at, REACHED_WITHIN))) return null;
    const state = await readModels.state(model);
    if (!state || state.version !== model.version) return null;
    const found = await readModels.find(model, state.generation, {
      where: [{ field: FIELD, op: 'gt', value: '' }],
      sort: [{ field: FIELD, descending: false }],
      limit,
      ...(after ? { after: { values: [after.due], id: after.id } } : {}),
    });
    return found.flatMap(({ id, document }) => {
      const due = (document as RepairDocument | null)?.confirmUntil;
      return due ? [{ id, due }] : [];
    });
  };
}
