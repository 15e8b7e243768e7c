/** What a dispatcher begins with: the documents of a read model that somebody has to look at, by the field `due` that it keeps for that. */
import type { Position } from '../contracts/message.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';
import type { Condition, Document, ReadModels } from '../platform/read-models/read-models.ts';
import type { Projector } from './projector.ts';

/** A document with the time when it is due; null: never. */
export type Due = Document & { due: string | null };

/** Undecided documents, the ones due first, and where the read model is. */
export interface Undecided<D extends Due> {
  items: { id: string; due: string; document: D }[];
  checkpoint: Checkpoint;
}

const REACHED_WITHIN = 2_000;

/**
 * Makes the question that a dispatcher asks (`Dispatching.undecided`): at most so many; with `after`, only once the read model is at or past
 * that position. It is answered null where the read model is not, or is not there. The model must have `due` among its fields; `also` are
 * further conditions.
 */
export function undecidedIn<D extends Due>(readModels: ReadModels, { model }: Projector<D>, also: readonly Condition[] = []) {
  return async (limit: number, after: Position | null): Promise<Undecided<D> | null> => {
    if (after !== null && !(await readModels.reached(model, after, REACHED_WITHIN))) return null;
    const state = await readModels.state(model);
    if (!state || state.version !== model.version) return null;
    const found = await readModels.find(model, state.generation, {
      where: [...also, { field: 'due', op: 'gt', value: '' }],
      sort: [{ field: 'due', descending: false }],
      limit,
    });
    const items = found.flatMap(({ id, document }) => {
      const { due } = (document ?? {}) as Partial<D>;
      return due ? [{ id, due, document: document as D }] : [];
    });
    return { items, checkpoint: state.checkpoint };
  };
}
