/** The users, from the write side: as new as the store. */

import type { CommandHandler, Loaded } from '../../platform/command-handler.ts';
import { emailValue } from '../../platform/shown-email.ts';
import type { UserState } from '../../write-side/deciders/user.ts';

export interface Users {
  /** Resolves to a user; null where they do not exist or are deleted. */
  get(userId: string): Promise<Loaded<UserState> | null>;
  /** Resolves to the user with an e-mail address, in any case; else null. */
  find(email: string): Promise<(Loaded<UserState> & { id: string }) | null>;
  /** Resolves to the state of any user's stream, also of one who is deleted or does not exist yet. */
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
      const id = await commands.holder(emailValue(email));
      const user = id === null ? null : await get(id);
      return user && id !== null ? { ...user, id } : null;
    },
  };
}
