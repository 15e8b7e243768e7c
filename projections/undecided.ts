/** The undecided items with which a dispatcher begins: documents of a read model whose field `due` is not null. */
import type { Position } from '../contracts/message.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';
import type { Condition, Document, ReadModels } from '../platform/read-models/read-models.ts';
import type { Projector } from './projector.ts';

/** A document with the time when it is due (ISO 8601); null: never. */
export type Due = Document & { due: string | null };

/** Undecided documents, those due first, and the checkpoint of their read model. */
export interface Undecided<D extends Due> {
  items: { id: string; due: string; document: D }[];
  checkpoint: Checkpoint;
}

const REACHED_WITHIN = 2_000;

/**
 * Makes the question of a dispatcher (`Dispatching.undecided`): at most `limit` documents; with `after`, only once the read model has reached
 * that position. The answer is null where it has not within two seconds, is missing or of another version. The model must declare the field
 * `due`; `also`: further conditions.
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
