/** GET /api/users, GET /api/users/:id: the directory. */

import { z } from 'zod';
import { FORMER_USER, ProblemError } from '../../contracts/problem.ts';
import { ROLES } from '../../contracts/role.ts';
import { type UserView, userView } from '../../contracts/user.ts';
import type { Caller } from '../../platform/http/route.ts';
import type { Stored } from '../../platform/read-models/read-models.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import { USERS, type UserDocument, userDirectory } from '../../projections/projectors/user-directory.ts';
import { type ListSpec, listRoute, oneRoute } from './model-routes.ts';
import { cursor, limit, oneOrMore, search } from './parameters.ts';
import { wordConditions } from './words-asked.ts';

export const listUsersQuery = z.strictObject({
  q: search,
  role: oneOrMore(ROLES, 'One role, or several separated by commas.'),
  cursor,
  limit: limit(50),
});

const directory = {
  tag: 'users',
  projector: userDirectory,
  query: listUsersQuery,
  item: userView,
  select: ({ q, role }, caller) => {
    if (!caller.seesAll && caller.role === 'resident') throw new ProblemError('forbidden', 'The directory is not for residents.');
    return {
      where: [...(role ? [{ field: 'role', op: 'in', value: role } as const] : []), ...wordConditions('nameWords', q)],
      sort: [{ field: 'nameKey', descending: false }],
      topic: USERS,
    };
  },
  view: viewOf,
} satisfies Omit<ListSpec<z.output<typeof listUsersQuery>>, 'path' | 'who' | 'summary'>;

export const listUsers = listRoute<z.output<typeof listUsersQuery>>({
  ...directory,
  path: '/api/users',
  who: 'user',
  summary: 'The directory, by name. E-mail, confirmation and the masked phone number are shown to admins, and to users of themselves.',
});

/** The directory for the operator, who is no user. */
export const listAccounts = listRoute<z.output<typeof listUsersQuery>>({
  ...directory,
  path: '/api/admin/users',
  who: ['admin'],
  summary: 'The directory, by name, with addresses, confirmation and masked phone numbers: for admins, and the operator of this machine.',
});

export const getUser = oneRoute({
  path: '/api/users/:id',
  who: 'user',
  summary: 'A user. E-mail, confirmation and the masked phone number are shown to admins, and to users of themselves.',
  tag: 'users',
  projector: userDirectory,
  response: userView,
  missing: 'There is no such user.',
  former: { type: FORMER_USER, detail: 'This user was deleted.' },
  view: viewOf,
});

function viewOf({ id, document }: Pick<Stored, 'id' | 'document'>, caller: Caller): UserView {
  const { name, role, email, confirmed, phone, createdAt, revision } = document as UserDocument;
  const own = caller.role === 'admin' || caller.id === id ? { email: shownEmail(email), confirmed, ...(phone ? { phone } : {}) } : {};
  return { id, name, role, ...own, createdAt, revision };
}
