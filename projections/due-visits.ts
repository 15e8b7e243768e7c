/** The questions of the clocks of visits to the read models `visits` and `blocked`. */
import type { Position } from '../contracts/message.ts';
import type { ModelSpec, ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { type BlockedDocument, blockedVisitors } from './projectors/blocked.ts';
import { type VisitDocument, visits } from './projectors/visits.ts';

const REACHED_WITHIN = 2_000;

/** A visit with the time (ISO 8601, UTC) that is asked for: of the end of the time in which somebody is expected, or from which on it is over. */
export interface VisitAtTime {
  id: string;
  time: string;
}

interface Page {
  limit: number;
  at: Position;
  after?: VisitAtTime;
}

/** What has a text in a field of a read model, the first first. Null where the model does not exist or has not reached `at`. */
async function byField(readModels: ReadModels, model: ModelSpec, field: string, { limit, at, after }: Page): Promise<Stored[] | null> {
  if (!(await readModels.reached(model, at, REACHED_WITHIN))) return null;
  const state = await readModels.state(model);
  if (!state || state.version !== model.version) return null;
  return readModels.find(model, state.generation, {
    where: [{ field, op: 'gt', value: '' }],
    sort: [{ field, descending: false }],
    limit,
    ...(after ? { after: { values: [after.time], id: after.id } } : {}),
  });
}

/** Makes the question: the visits that have such a time, the earliest first, at most `limit`, only those after `after`. */
export function visitsByTime(readModels: ReadModels, field: 'missAt' | 'overSince') {
  return async (page: Page): Promise<VisitAtTime[] | null> => {
    const found = await byField(readModels, visits.model, field, page);
    return (
      found?.flatMap(({ id, document }) => {
        const time = (document as VisitDocument | null)?.[field];
        return time ? [{ id, time }] : [];
      }) ?? null
    );
  };
}

/** Makes the question: the entries of who is not let in, with their sites, by when they are forgotten. */
export function blockedByEnd(readModels: ReadModels) {
  return async (page: Page): Promise<(VisitAtTime & { site: string })[] | null> => {
    const found = await byField(readModels, blockedVisitors.model, 'forgetAt', page);
    return found?.flatMap(({ id, document }) => (document ? [entryOf(id, document as BlockedDocument)] : [])) ?? null;
  };
}

const entryOf = (id: string, { site, forgetAt }: BlockedDocument) => ({ id, time: forgetAt, site });
