/** The questions of clocks to read models: the deadlines of tasks, requests that nobody confirms, visits, and entries of who is not let in. */
import type { TimerKind } from '../contracts/timer.ts';
import type { ModelSpec, ReadModels } from '../platform/read-models/read-models.ts';
import type { AtTime, ByTime } from '../platform/time/by-time.ts';
import { type BlockedDocument, blockedVisitors } from './projectors/blocked.ts';
import { repairs } from './projectors/repairs.ts';
import { timers } from './projectors/timers.ts';
import { visits } from './projectors/visits.ts';

const REACHED_WITHIN = 2_000;

/** Makes the question for what has a time in a field of a read model. `more`: what of a document is answered besides. */
function byTimeIn<More extends object = object>(
  readModels: ReadModels,
  { model }: { model: ModelSpec },
  field: string,
  more: (document: object) => More = () => ({}) as More,
): ByTime<AtTime & More> {
  return async ({ limit, at, after }) => {
    if (!(await readModels.reached(model, at, REACHED_WITHIN))) return null;
    const state = await readModels.state(model);
    if (!state || state.version !== model.version) return null;
    const found = await readModels.find(model, state.generation, {
      where: [{ field, op: 'gt', value: '' }],
      sort: [{ field, descending: false }],
      limit,
      ...(after ? { after: { values: [after.time], id: after.id } } : {}),
    });
    return found.flatMap(({ id, document }) => {
      const time = (document as Record<string, string | null | undefined> | null)?.[field];
      return document && time ? [{ id, time, ...more(document) }] : [];
    });
  };
}

/** The deadlines of tasks whose timers of a kind have not fired. */
export function pendingTimersIn(readModels: ReadModels): Readonly<Record<TimerKind, ByTime>> {
  return { due_soon: byTimeIn(readModels, timers, 'dueSoonOf'), overdue: byTimeIn(readModels, timers, 'overdueOf') };
}

/** The requests that are done and neither confirmed nor reopened, by when the time for that is over. */
export function unconfirmedRepairsIn(readModels: ReadModels): ByTime {
  return byTimeIn(readModels, repairs, 'confirmUntil');
}

/** The visits by the end of the time in which somebody is expected, or by when they were over. */
export function visitsByTime(readModels: ReadModels, field: 'missAt' | 'overSince'): ByTime {
  return byTimeIn(readModels, visits, field);
}

/** The entries of who is not let in, with their sites, by when they are forgotten. */
export function blockedByEnd(readModels: ReadModels): ByTime<AtTime & { site: string }> {
  return byTimeIn(readModels, blockedVisitors, 'forgetAt', (document) => ({ site: (document as BlockedDocument).site }));
}
