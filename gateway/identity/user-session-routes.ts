/** The routes by which admins see and end the sessions of others. */
import { ProblemError } from '../../contracts/problem.ts';
import { isAbove } from '../../contracts/role.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { listOfSessions, sessionList } from './session-list.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import type { Users } from './users.ts';

export interface UserSessionRoutesOptions {
  sessions: Sessions;
  users: Users;
}

const OF_OTHERS = { tag: 'sessions', who: ['admin'] } as const;

/** The routes of the sessions of others. */
export const userSessionRoutes: readonly RouteWith<UserSessionRoutesOptions>[] = [
  {
    row: { ...OF_OTHERS, method: 'GET', path: '/api/users/:id/sessions', summary: 'A user’s sessions, the last used first.', response: sessionList },
    answer: async ({ sessions, users }, request) => {
      const { id } = await bounded(users, request);
      return { body: listOfSessions(await sessions.list(id), callerIn(request.caller).sessionId) };
    },
  },
  {
    row: {
      ...OF_OTHERS,
      method: 'DELETE',
      path: '/api/users/:id/sessions',
      audit: 'session',
      summary: 'End all of a user’s sessions; one’s own present one stays.',
    },
    answer: async ({ sessions, users }, request) => {
      const { id } = await bounded(users, request);
      const by = callerIn(request.caller);
      await sessions.endAll(id, 'revoked', { except: by.sessionId, by: by.id });
      return { status: 204 };
    },
  },
  {
    row: { ...OF_OTHERS, method: 'DELETE', path: '/api/users/:id/sessions/:session', audit: 'session', summary: 'End one of a user’s sessions.' },
    answer: endTheirs,
  },
];

async function endTheirs({ sessions, users }: UserSessionRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { id } = await bounded(users, request);
  const session = await sessions.get((request.params.session ?? '').toLowerCase());
  if (session?.value.userId !== id) throw new ProblemError('not_found', 'This user has no such session.');
  await sessions.end(session, 'revoked', callerIn(request.caller).id);
  return { status: 204 };
}

/** The user whose sessions are meant, who is not above the caller. Errors: ProblemError `not_found` and `forbidden`. */
async function bounded(users: Users, { params, caller }: RouteRequest): Promise<{ id: string }> {
  const id = params.id ?? '';
  const user = await users.get(id);
  if (!user) throw new ProblemError('not_found', 'There is no such user.');
  if (isAbove(user.state.role, callerIn(caller).role)) throw new ProblemError('forbidden', 'This user’s role is above yours.');
  return { id };
}
