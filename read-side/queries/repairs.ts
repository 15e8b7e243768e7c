/** GET /api/repairs, GET /api/repairs/:id: what is to be repaired at sites. */
import { z } from 'zod';
import { id } from '../../contracts/fields.ts';
import { totalOf } from '../../contracts/order.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { maySeeRepair, REPAIR_STATES, rolesAtRepair } from '../../contracts/repair-state.ts';
import { type RepairSummary, repairDetail, repairForRequester, repairSummary } from '../../contracts/repair-view.ts';
import { PRIORITIES } from '../../contracts/task.ts';
import type { Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { atSite } from '../../projections/projectors/assets.ts';
import { type RepairDetailsDocument, repairDetails } from '../../projections/projectors/repair-details.ts';
import { filedBy, type RepairDocument, repairs } from '../../projections/projectors/repairs.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { readPage } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, labelsAsked, limit, oneOrMore, search } from './parameters.ts';
import { withinPlace } from './site-places.ts';
import { workplacesOf } from './site-rights.ts';
import { wordConditions } from './words-asked.ts';

const listRepairsQuery = z.strictObject({
  site: id.optional().meta({ description: 'Only requests at this site.' }),
  place: id.optional().meta({ description: 'Only requests about this place, or about what lies in it.' }),
  asset: id.optional().meta({ description: 'Only requests about this asset.' }),
  state: oneOrMore(REPAIR_STATES, 'One state, or several separated by commas.'),
  assignee: z
    .union([z.literal('none'), id])
    .optional()
    .meta({ description: 'Only what this user is to repair; `none`: what nobody is to.' }),
  requester: id.optional().meta({ description: 'Only what this user filed.' }),
  priority: oneOrMore(PRIORITIES, 'One priority, or several separated by commas.'),
  label: labelsAsked('One label, or several: repeated, or separated by commas. A request must have all of them.'),
  q: search.meta({ description: 'Words of the title, the description and the labels; each must be the beginning of a word there.' }),
  cursor,
  limit: limit(50),
});
type ListRepairs = z.output<typeof listRepairsQuery>;

/** Newest first. */
const NEWEST = [{ field: 'filedAt', descending: true }];

export const listRepairs: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/repairs',
    who: 'user',
    summary: 'The repair requests of the sites where you work, and those that you filed, the newest first; for admins, all.',
    tag: 'repairs',
    query: listRepairsQuery,
    response: listOf(repairSummary),
  },
  answer: async (context, request) => {
    const query = request.query as ListRepairs;
    const caller = callerOf(request);
    const { cursor: after, limit: most, ...asked } = query;
    const where: Condition[] = [
      ...plainConditions(query),
      ...(query.place ? [{ field: 'place', op: 'in', value: await withinPlace(context, request, query.place) } as const] : []),
      ...seenBy(caller),
    ];
    const of = ['repairs', asked, caller.id];
    const { position, page, next } = await readPage(context, request, repairs, { where, sort: NEWEST, of, cursor: after, limit: most });
    const items = page.map(({ id: one, document }) => summaryOf(one, document as RepairDocument));
    return listAnswer({ path: '/api/repairs', parameters: { ...query }, position, items, next });
  },
};

/** The conditions of the requests that a caller sees. */
function seenBy(caller: Caller): Condition[] {
  const at = workplacesOf(caller);
  return at === 'all' ? [] : [{ field: 'seen', op: 'in', value: [...at.map(atSite), filedBy(caller.id)] }];
}

function plainConditions({ site, asset, state, assignee, requester, priority, label, q }: ListRepairs): Condition[] {
  const named = { site, asset, requester, assignee: assignee === 'none' ? null : assignee };
  const is = Object.entries(named).flatMap(([field, value]) => (value === undefined ? [] : [{ field, op: 'eq', value } as const]));
  const among = Object.entries({ state, priority }).flatMap(([field, value]) => (value ? [{ field, op: 'in', value } as const] : []));
  return [...is, ...among, ...(label ?? []).map((one) => ({ field: 'labels', op: 'eq', value: one }) as const), ...wordConditions('words', q)];
}

export const getRepair: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/repairs/:id',
    who: 'user',
    summary: 'A repair request with what was said to it and its steps, for who filed it; for who works at its site, and admins, also what it costs.',
    tag: 'repairs',
    query: z.strictObject({}),
    response: z.union([repairDetail, repairForRequester]),
  },
  answer: async (context, request) => {
    const of = request.params.id ?? '';
    const caller = callerOf(request);
    const { position, result } = await reading(context, repairs, request, ({ one }) => one(of));
    const repair = result?.document as RepairDocument | null | undefined;
    if (!repair || !maySeeRepair(caller, repair)) throw new ProblemError('not_found', 'There is no such request.');
    const { comments, steps, costs } = await detailsOf(context, request, of);
    const seen = { ...summaryOf(of, repair), description: repair.description, comments, steps };
    const forWorkers = async () => ({
      costs,
      total: costs.length === 0 ? null : totalOf(costs.map(({ price }) => ({ sku: '', quantity: 1, unitPrice: price }))),
      duplicates: (await newest(context, request, { field: 'duplicateOf', op: 'eq', value: of })).map(({ id: one }) => one),
    });
    const body = rolesAtRepair(caller, repair).length > 0 ? { ...seen, ...(await forWorkers()) } : seen;
    return { headers: { ETag: `"${repair.revision}"`, Position: position }, body };
  },
};

async function detailsOf(context: QueryContext, request: RouteRequest, of: string): Promise<RepairDetailsDocument> {
  const { result } = await reading(context, repairDetails, request, ({ one }) => one(of));
  return (result?.document as RepairDetailsDocument | null | undefined) ?? { comments: [], steps: [], costs: [], authors: [] };
}

/** The most requests that are shown with another thing. */
const MOST_SHOWN = 100;

async function newest(context: QueryContext, request: RouteRequest, condition: Condition): Promise<RepairSummary[]> {
  const { result } = await reading(context, repairs, request, ({ list }) => list({ where: [condition], sort: NEWEST, limit: MOST_SHOWN }));
  return result.map((stored) => summaryOf(stored.id, stored.document as RepairDocument));
}

/** The last requests about an asset, the newest first. Errors: those of `reading`. */
export async function repairsOfAsset(context: QueryContext, request: RouteRequest, asset: string) {
  const all = await newest(context, request, { field: 'asset', op: 'eq', value: asset });
  return all.map(({ id: one, title, state, priority, filedAt, updatedAt }) => ({ id: one, title, state, priority, filedAt, updatedAt }));
}

function summaryOf(of: string, { description: _, seen: __, words: ___, ...document }: RepairDocument): RepairSummary {
  return { id: of, ...document };
}
