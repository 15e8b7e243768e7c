/** GET /api/sites/:id/residents, GET /api/sites/:id/staff, GET /api/users/:id/posts: who lives where, and who works where. */
import { z } from 'zod';
import { id, instant, utc } from '../../contracts/fields.ts';
import { postsOf, rolesAt, SITE_ROLES } from '../../contracts/post.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { postsView, type ResidentView, residentView, type WorkerView, workerView } from '../../contracts/site.ts';
import type { RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { type ResidentDocument, residents } from '../../projections/projectors/residents.ts';
import { type WorkerDocument, workAt, workers } from '../../projections/projectors/workers.ts';
import { callerOf, type QueryContext } from '../reading.ts';
import { oneRoute, readPage } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, flag, limit } from './parameters.ts';
import { livingAt, seenSite, timeOf } from './site-rights.ts';

const listResidentsQuery = z.strictObject({
  unit: id.optional().meta({ description: 'Only who lives in this unit.' }),
  at: instant.optional().meta({ description: 'Who lived there at this time; now if nothing is said.' }),
  ever: flag('Also who lived there before, or will.'),
  cursor,
  limit: limit(50),
});

export const listResidents: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/residents',
    who: 'user',
    summary: 'Who lives in which unit of a site, by when they moved in: for admins and those who work there. A resident gets the own entries alone.',
    tag: 'sites',
    query: listResidentsQuery,
    response: listOf(residentView),
  },
  answer: async (context, request) => {
    const site = await seenSite(context, request);
    const query = request.query as z.output<typeof listResidentsQuery>;
    const asked: Condition[] = [
      { field: 'site', op: 'eq', value: site.id },
      ...(query.unit ? [{ field: 'unit', op: 'eq', value: query.unit } as const] : []),
      ...(site.roles.length > 0 ? [] : [{ field: 'userId', op: 'eq', value: callerOf(request).id } as const]),
    ];
    const time = query.at ? utc(query.at) : timeOf(context);
    const where = query.ever ? asked : [...asked, ...livingAt(time)];
    const { position, page, next } = await readPage(context, request, residents, {
      where,
      sort: [{ field: 'from', descending: false }],
      // Not the time, where none is said: the cursor of a page is good for the next one.
      of: ['residents', asked, query.at ?? null, query.ever ?? false],
      cursor: query.cursor,
      limit: query.limit,
    });
    const items = page.map((stored) => residentOf(stored.id, stored.document as ResidentDocument));
    return listAnswer({ path: `/api/sites/${site.id}/residents`, parameters: { ...query }, position, items, next });
  },
};

const listWorkersQuery = z.strictObject({ cursor, limit: limit(50) });

export const listWorkers: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/staff',
    who: 'user',
    summary: 'Who works at a site, with the roles that they have there: for admins and those who work there.',
    tag: 'sites',
    query: listWorkersQuery,
    response: listOf(workerView),
  },
  answer: async (context, request) => {
    const site = await seenSite(context, request);
    if (site.roles.length === 0) throw new ProblemError('forbidden', 'Who works at a site is not for its residents.');
    const query = request.query as z.output<typeof listWorkersQuery>;
    const where: Condition[] = [{ field: 'at', op: 'in', value: SITE_ROLES.flatMap((role) => [workAt(role, site.id), workAt(role, '*')]) }];
    const { position, page, next } = await readPage(context, request, workers, { where, sort: [], cursor: query.cursor, limit: query.limit });
    const items = page.map((stored): WorkerView => ({ userId: stored.id, roles: rolesAt(stored.document as WorkerDocument, site.id) }));
    return listAnswer({ path: `/api/sites/${site.id}/staff`, parameters: { ...query }, position, items, next });
  },
};

export const getPosts = oneRoute({
  path: '/api/users/:id/posts',
  who: 'user',
  summary: 'What a user is at which sites: for admins, and users of themselves.',
  tag: 'users',
  projector: workers,
  response: postsView,
  missing: 'There is no such user.',
  view: ({ id: user, document }, caller) => {
    const { revision, ...posted } = document as WorkerDocument;
    return caller.role === 'admin' || caller.id === user ? { posts: postsOf(posted), revision } : null;
  },
});

function residentOf(of: string, { site: _, end: __, ...document }: ResidentDocument): ResidentView {
  return { id: of, ...document };
}
