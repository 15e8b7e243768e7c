/** GET /api/sites/:id/blocked: who is not let in at a site now, for its desk. */
import { z } from 'zod';
import { type BlockedView, blockedView } from '../../contracts/blocklist.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { RouteWith } from '../../platform/http/route.ts';
import { type BlockedDocument, blockedVisitors } from '../../projections/projectors/blocked.ts';
import { callerOf, type QueryContext } from '../reading.ts';
import { readPage } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, limit } from './parameters.ts';
import { isAtDesk, seenSite, timeOf } from './site-rights.ts';

const listBlockedQuery = z.strictObject({ cursor, limit: limit(50) });

export const listBlocked: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/blocked',
    who: 'user',
    summary: 'Who is not let in at a site now, and why, the newest first: for its staff and security, and for admins.',
    tag: 'visitors',
    query: listBlockedQuery,
    response: listOf(blockedView),
  },
  answer: async (context, request) => {
    const site = await seenSite(context, request);
    if (!isAtDesk(callerOf(request), site.id))
      throw new ProblemError('forbidden', 'Who is not let in is for the staff and the security of the site.');
    const query = request.query as z.output<typeof listBlockedQuery>;
    const { position, page, next } = await readPage(context, request, blockedVisitors, {
      where: [
        { field: 'site', op: 'eq', value: site.id },
        { field: 'forgetAt', op: 'gt', value: timeOf(context) },
      ],
      sort: [{ field: 'madeAt', descending: true }],
      // Not the time: the cursor of a page is good for the next one.
      of: ['blocked', site.id],
      cursor: query.cursor,
      limit: query.limit,
    });
    const items = page.map((stored) => viewOf(stored.id, stored.document as BlockedDocument));
    return listAnswer({ path: `/api/sites/${site.id}/blocked`, parameters: { ...query }, position, items, next });
  },
};

function viewOf(of: string, { site: _, forgetAt: __, ...document }: BlockedDocument): BlockedView {
  return { id: of, ...document };
}
