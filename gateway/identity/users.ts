/** Users as the write side has them: as new as the store. */

import { normaliseEmail } from '../../contracts/user.ts';
import type { CommandHandler, Loaded } from '../../platform/command-handler.ts';
import type { UserState } from '../../write-side/deciders/user.ts';

export interface Users {
  /** A user who is there: not deleted. */
  get(userId: string): Promise<Loaded<UserState> | null>;
  /** The same by e-mail address, whatever its case. */
  find(email: string): Promise<(Loaded<UserState> & { id: string }) | null>;
  /** Any stream of a user's, also of one who is not there any more or not yet. */
  load(userId: string): Promise<Loaded<UserState>>;
}

export function openUsers(commands: Pick<CommandHandler, 'load' | 'holder'>): Users {
  const load = (userId: string) => commands.load<UserState>(`user-${userId}`);
  async function get(userId: string) {
    const user = await load(userId);
    return user.state.exists && !user.state.deleted ? user : null;
  }
  return {
    get,
    load,
    find: async (email) => {
      const id = await commands.holder({ kind: 'email', value: normaliseEmail(email) });
      const user = id === null ? null : await get(id);
      return user && id !== null ? { ...user, id } : null;
    },
  };
}
