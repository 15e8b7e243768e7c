/** GET /api/users, GET /api/users/:id: the directory. */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import { ROLES, type UserView, userView } from '../../contracts/user.ts';
import type { Answer, Caller, Route, RouteRequest } from '../../gateway/route.ts';
import { USERS, type UserDocument, userDirectory } from '../../projections/projectors/user_directory.ts';
import type { Find, Stored } from '../../projections/read-models/read-models.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { cursorAfter, decodeCursor, listAnswer, listOf, pageOf, queryHash } from './page.ts';
import { cursor, limit, oneOrMore, search } from './parameters.ts';
import { wordConditions } from './words-asked.ts';

export const listUsersQuery = z.strictObject({
  q: search,
  role: oneOrMore(ROLES, 'One role, or several separated by commas.'),
  cursor,
  limit: limit(50),
});
type ListUsers = z.output<typeof listUsersQuery>;

export function listUsers(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/users',
    who: 'user',
    summary: 'The directory, by name. E-mail and confirmation are shown to admins, and to users of themselves.',
    tag: 'users',
    query: listUsersQuery,
    response: listOf(userView),
    handle: (request) => list(context, request),
  };
}

export function getUser(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/users/:id',
    who: 'user',
    summary: 'A user. E-mail and confirmation are shown to admins, and to users of themselves.',
    tag: 'users',
    query: z.strictObject({}),
    response: userView,
    handle: (request) => one(context, request),
  };
}

async function list(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const query = request.query as ListUsers;
  const caller = callerOf(request);
  if (!caller.seesAll && caller.role === 'resident') throw new ProblemError('forbidden', 'The directory is not for residents.');
  const of = queryHash(['users', query.q, query.role]);
  const find = findOf(query, of);
  const { position, result } = await reading(context, userDirectory, request, (from) => from.list(find, USERS));
  const { page, last } = pageOf(result, query.limit);
  const items = page.map((stored) => viewOf(stored, caller));
  return listAnswer({ path: '/api/users', parameters: { ...query }, position, items, next: last && cursorAfter(of, find, last) });
}

function findOf({ q, role, ...page }: ListUsers, of: string): Find {
  const after = decodeCursor(page.cursor, of, ['']);
  return {
    where: [...(role ? [{ field: 'role', op: 'in', value: role } as const] : []), ...wordConditions('nameWords', q)],
    sort: [{ field: 'nameKey', descending: false }],
    limit: page.limit + 1,
    ...(after ? { after } : {}),
  };
}

async function one(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const id = request.params.id ?? '';
  const { position, result } = await reading(context, userDirectory, request, (from) => from.one(id));
  if (!result?.document) throw new ProblemError('not_found', 'There is no such user.');
  const view = viewOf(result, caller);
  return { headers: { ETag: `"${view.revision}"`, Position: position }, body: view };
}

function viewOf({ id, document }: Stored, caller: Caller): UserView {
  const { name, role, email, confirmed, createdAt, revision } = document as UserDocument;
  const own = caller.role === 'admin' || caller.id === id ? { email, confirmed } : {};
  return { id, name, role, ...own, createdAt, revision };
}
