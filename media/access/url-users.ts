/** The users of addresses: who they are now, by their session or, in a mail, by themselves. */
import type { Actor } from '../../contracts/aggregate.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import type { UrlUsers } from './may-fetch.ts';

export interface UrlUsersOptions {
  commands: Pick<CommandHandler, 'load'>;
  /** The caller of an access token's claims: its session lives, its user is there. Rejects with ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Actor>;
  /** True where users of a role may read every task. */
  seesAll(role: Role): boolean;
}

export function openUrlUsers({ commands, callerOf, seesAll }: UrlUsersOptions): UrlUsers {
  return {
    // The end of the claims is that of the address, which is looked at before.
    ofSession: (user, session) =>
      callerOf({ sub: user, sid: session, exp: 0 }).catch((error: unknown) => {
        if (error instanceof ProblemError && error.code === 'unauthorized') return null;
        throw error;
      }),
    ofMail: async (id) => {
      const { state } = await commands.load<UserState>(`user-${id}`);
      return state.exists && !state.deleted ? { id, role: state.role, seesAll: seesAll(state.role) } : null;
    },
  };
}
