/** The undecided items with which a dispatcher begins: documents of a read model whose field `due` is not null. */
import type { Position } from '../contracts/message.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';
import type { Condition, Document, ReadModels } from '../platform/read-models/read-models.ts';
import type { Due } from '../platform/work/due.ts';
import type { Projector } from './projector.ts';

/** The document of an item that may be undecided. */
export type ItemDocument = Document & {
  status: string;
  /** The time when the item is due (ISO 8601); null: never. */
  due: string | null;
  /** Milliseconds that it had to wait for that; null where that is a time of day which somebody chose. */
  within: number | null;
  /** True while a worker has it; missing where its status says so. */
  leased?: boolean;
};

/** Undecided documents, and the checkpoint of their read model. */
export interface Undecided<D extends ItemDocument> {
  items: (Due & { id: string; document: D })[];
  checkpoint: Checkpoint;
}

const REACHED_WITHIN = 2_000;

/**
 * Makes the question of a dispatcher (`Dispatching.undecided`): of each of `pages`, which are conditions, at most `limit` documents, those due first;
 * with `after`, only once the read model has reached that position. The answer is null where it has not within two seconds, is missing or of another
 * version. The model must declare the field `due`.
 */
export function undecidedIn<D extends ItemDocument>(
  readModels: ReadModels,
  { model }: Projector<D>,
  pages: readonly (readonly Condition[])[] = [[]],
) {
  return async (limit: number, after: Position | null): Promise<Undecided<D> | null> => {
    if (after !== null && !(await readModels.reached(model, after, REACHED_WITHIN))) return null;
    const state = await readModels.state(model);
    if (!state || state.version !== model.version) return null;
    const page = async (conditions: readonly Condition[]) =>
      readModels.find(model, state.generation, {
        where: [...conditions, { field: 'due', op: 'gt', value: '' }],
        sort: [{ field: 'due', descending: false }],
        limit,
      });
    const found = (await Promise.all(pages.map(page))).flat();
    return { items: found.flatMap(({ id, document }) => itemOf(id, document as D | null)), checkpoint: state.checkpoint };
  };
}

function itemOf<D extends ItemDocument>(id: string, document: D | null): Undecided<D>['items'] {
  if (!document?.due) return [];
  return [{ id, due: document.due, within: document.within ?? undefined, leased: document.leased ?? document.status === 'processing', document }];
}
