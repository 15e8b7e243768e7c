/** The users of addresses: who they are now, by their session or, in a mail, by themselves. */
import { ProblemError } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Caller } from '../../platform/http/route.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import type { UrlUsers } from './may-fetch.ts';

export interface UrlUsersOptions {
  commands: Pick<CommandHandler, 'load'>;
  /** The caller of an access token's claims: its session lives, its user is there. Rejects with ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Caller>;
  /** True where users of a role may read every task. */
  seesAll(role: Role): boolean;
}

export function openUrlUsers({ commands, callerOf, seesAll }: UrlUsersOptions): UrlUsers {
  return {
    // The end of the claims is that of the address, which is looked at before. Who has to do something first may read as little here as anywhere.
    ofSession: (user, session) =>
      callerOf({ sub: user, sid: session, exp: 0 }).then(
        (caller) => (caller.confined && caller.confined !== 'read' ? null : caller),
        (error: unknown) => {
          if (error instanceof ProblemError && error.code === 'unauthorized') return null;
          throw error;
        },
      ),
    ofMail: async (id) => {
      const { state } = await commands.load<UserState>(`user-${id}`);
      return state.exists && !state.deleted ? { id, role: state.role, seesAll: seesAll(state.role), posts: state.posts } : null;
    },
  };
}
