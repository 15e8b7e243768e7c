/** The documents of a read model that a condition finds, page after page, also while a rebuild moves the model to another generation. */

import type { Position } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Condition, Document, Find, ModelState, ReadModels, Stored } from '../../platform/read-models/read-models.ts';
import { NoSuchGeneration } from '../../platform/read-models/read-models.ts';
import type { AnyProjector, Projector } from '../../projections/projector.ts';

/** Documents of a page: a whole task may have some hundred kilobytes. */
const PAGE = 50;
/** The number of times that a page is tried where rebuilds drop the generation meanwhile. */
const MOVES = 5;
/** Milliseconds for which a read model is waited for. */
const REACHED_WITHIN = 2_000;

export interface FoundDocument<D> {
  id: string;
  document: D;
}

/** The documents, sorted by these fields (ascending) and then by id. Errors: ProblemError `unavailable` while the model is built; those of the port. */
export async function* documentsWhere<D extends Document>(
  readModels: Pick<ReadModels, 'state' | 'find'>,
  { model }: Projector<D>,
  where: Condition[],
  fields: readonly string[] = [],
): AsyncGenerator<FoundDocument<D>[]> {
  const sort = fields.map((field) => ({ field, descending: false }));
  let after: Find['after'];
  do {
    const find: Find = { where, sort, limit: PAGE, ...(after ? { after } : {}) };
    const found = await unlessMoved(readModels, model, ({ generation }) => readModels.find(model, generation, find));
    const last = found.length === PAGE ? found.at(-1) : undefined;
    after = last && { id: last.id, values: fields.map((field) => (last.document?.[field] ?? null) as string | null) };
    if (found.length > 0) yield found.flatMap(live<D>);
  } while (after);
}

/** The live documents of these ids. */
export async function documentsWith<D extends Document>(
  readModels: Pick<ReadModels, 'state' | 'get'>,
  { model }: Projector<D>,
  ids: readonly string[],
): Promise<FoundDocument<D>[]> {
  return (await unlessMoved(readModels, model, ({ generation }) => readModels.get(model, generation, ids))).flatMap(live<D>);
}

function live<D extends Document>({ id, document }: Stored): FoundDocument<D>[] {
  return document ? [{ id, document: document as D }] : [];
}

async function unlessMoved<T>(
  readModels: Pick<ReadModels, 'state'>,
  model: AnyProjector['model'],
  read: (state: ModelState) => Promise<T>,
): Promise<T> {
  for (let moves = 0; moves < MOVES; moves++) {
    const state = await readModels.state(model);
    if (!state) break;
    try {
      return await read(state);
    } catch (error) {
      if (!(error instanceof NoSuchGeneration)) throw error;
    }
  }
  throw notWhole('This is being built from history. Try again.');
}

/** Makes the makers of checks that read models have all up to a position. */
export function wholeIn(readModels: Pick<ReadModels, 'reached' | 'state'>) {
  async function expectWhole({ model }: AnyProjector, at: Position): Promise<void> {
    if (!(await readModels.reached(model, at, REACHED_WITHIN))) throw notWhole('What happened last has not arrived here yet. Try again.');
    const state = await readModels.state(model);
    if (state && state.parked > 0) throw notWhole('Some of this waits for an operator: it cannot be given as a whole.');
  }
  return (...projectors: readonly AnyProjector[]) =>
    async (at: Position): Promise<void> => {
      for (const one of projectors) await expectWhole(one, at);
    };
}

function notWhole(detail: string): ProblemError {
  return new ProblemError('unavailable', detail, { headers: { 'Retry-After': '2' } });
}
