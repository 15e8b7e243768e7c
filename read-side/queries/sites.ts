/** GET /api/sites, GET /api/sites/:id: the sites where the caller works or lives. */
import { z } from 'zod';
import { type SiteView, siteView } from '../../contracts/site.ts';
import type { RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { type SiteDocument, sites } from '../../projections/projectors/sites.ts';
import { callerOf, type QueryContext } from '../reading.ts';
import { readPage } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, limit } from './parameters.ts';
import { homesOf, rolesOfCaller, seenSite, workplacesOf } from './site-rights.ts';

const listSitesQuery = z.strictObject({ cursor, limit: limit(50) });

export const listSites: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites',
    who: 'user',
    summary: 'The sites where you work or live, by name; for admins, and those who work at all sites, all.',
    tag: 'sites',
    query: listSitesQuery,
    response: listOf(siteView),
  },
  answer: async (context, request) => {
    const caller = callerOf(request);
    const query = request.query as z.output<typeof listSitesQuery>;
    const at = workplacesOf(caller);
    const where: Condition[] =
      at === 'all' ? [] : [{ field: 'site', op: 'in', value: [...at, ...(await homesOf(context, request)).map(({ site }) => site)] }];
    const sort = [{ field: 'nameKey', descending: false }];
    // Not the sites: the cursor of a page is good for the next one, whatever came of posts meanwhile.
    const { position, page, next } = await readPage(context, request, sites, {
      where,
      sort,
      of: ['sites', caller.id],
      ...query,
      cursor: query.cursor,
    });
    const items = page.map(({ id, document }) => viewOf(id, document as SiteDocument, rolesOfCaller(caller, id)));
    return listAnswer({ path: '/api/sites', parameters: { ...query }, position, items, next });
  },
};

export const getSite: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id',
    who: 'user',
    summary: 'A site where you work or live; for admins, any.',
    tag: 'sites',
    query: z.strictObject({}),
    response: siteView,
  },
  answer: async (context, request) => {
    const { id, document, roles, position } = await seenSite(context, request);
    return { headers: { ETag: `"${document.revision}"`, Position: position }, body: viewOf(id, document, roles) };
  },
};

function viewOf(id: string, { site: _, nameKey: __, assetKinds: ___, ...document }: SiteDocument, roles: SiteView['roles']): SiteView {
  return { id, ...document, roles };
}
