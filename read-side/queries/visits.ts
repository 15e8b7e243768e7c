/** GET /api/visitors, GET /api/visitors/:id: who is expected at a site, is there, or was; for the desk of the site, and for the host. */
import { z } from 'zod';
import { id } from '../../contracts/fields.ts';
import { VISIT_STATUSES, type VisitView, visitView } from '../../contracts/visit.ts';
import type { Caller } from '../../platform/http/route.ts';
import type { Condition, Stored } from '../../platform/read-models/read-models.ts';
import { type VisitDocument, visits } from '../../projections/projectors/visits.ts';
import { listRoute, oneRoute } from './model-routes.ts';
import { cursor, limit, oneOrMore, search } from './parameters.ts';
import { desksOf, isAtDesk } from './site-rights.ts';
import { wordConditions } from './words-asked.ts';

const listVisitsQuery = z.strictObject({
  site: id.optional().meta({ description: 'Only visits at this site.' }),
  status: oneOrMore(VISIT_STATUSES, 'One status, or several separated by commas.'),
  words: search,
  cursor,
  limit: limit(50),
});
type ListVisits = z.output<typeof listVisitsQuery>;

export const listVisits = listRoute<ListVisits>({
  path: '/api/visitors',
  who: 'user',
  summary:
    'Your own visitors, the latest first; for staff and security those of their sites, for admins all. `words` looks in names and licence plates.',
  tag: 'visitors',
  projector: visits,
  query: listVisitsQuery,
  item: visitView,
  select: (query, caller) => ({
    where: [...seenBy(query, caller), ...asked(query), ...wordConditions('words', query.words, 'words')],
    sort: [{ field: 'from', descending: true }],
    // Not the sites: the cursor of a page is good for the next one, whatever came of posts meanwhile.
    of: ['visits', query.site, query.status, query.words, caller.id],
  }),
  view: viewOf,
});

export const getVisit = oneRoute({
  path: '/api/visitors/:id',
  who: 'user',
  summary: 'A visit: for its host, and for the staff and security of its site; for admins, any.',
  tag: 'visitors',
  projector: visits,
  response: visitView,
  missing: 'There is no such visit.',
  view: (stored, caller) => {
    const view = viewOf(stored);
    return view.host === caller.id || isAtDesk(caller, view.site) ? view : null;
  },
});

/** The conditions of what a caller sees: all of the sites at whose desk they are, else what they are the host of. */
function seenBy({ site }: ListVisits, caller: Caller): Condition[] {
  if (site !== undefined) return isAtDesk(caller, site) ? [] : [{ field: 'host', op: 'eq', value: caller.id }];
  const desks = desksOf(caller);
  return desks === 'all' ? [] : [{ field: 'seenBy', op: 'in', value: [`user:${caller.id}`, ...desks.map((one) => `site:${one}`)] }];
}

function asked({ site, status }: ListVisits): Condition[] {
  return [
    ...(site === undefined ? [] : [{ field: 'site', op: 'eq', value: site } as const]),
    ...(status ? [{ field: 'status', op: 'in', value: status } as const] : []),
  ];
}

function viewOf({ id: of, document }: Pick<Stored, 'id' | 'document'>): VisitView {
  const { seenBy: _, words: __, missAt: ___, overSince: ____, ...visit } = document as VisitDocument;
  return { id: of, ...visit };
}
