/** Passwords of users, as hashes in the secrets store: at most one a user. */
import type { Passwords } from './passwords.ts';
import type { Secrets } from './secrets/secrets.ts';

interface Credential {
  /** PHC text of argon2id. */
  hash: string;
}

export interface Credentials {
  has(userId: string): Promise<boolean>;
  /** Changes with the password; 0 where there is none. */
  version(userId: string): Promise<number>;
  /** Takes as long for null (nobody) and for a user without a password as for a wrong one. Error: ProblemError `unavailable`. */
  verify(userId: string | null, password: string): Promise<boolean>;
  /** Sets the first password; false where there is one. Error: ProblemError `unavailable`. */
  setFirst(userId: string, password: string): Promise<boolean>;
  /** Puts another in place of `current`: `wrong` where that is not it, `raced` where somebody else changed it meanwhile. Error: as `verify`. */
  change(userId: string, current: string, next: string): Promise<'changed' | 'wrong' | 'raced'>;
  remove(userId: string): Promise<void>;
}

export function openCredentials(secrets: Secrets, passwords: Passwords): Credentials {
  const get = (userId: string) => secrets.get<Credential>('credentials', userId);
  const put = async (userId: string, password: string, version: number) => {
    const value: Credential = { hash: await passwords.hash(password) };
    return secrets.put('credentials', { key: userId, value, owner: userId }, version);
  };

  return {
    has: async (userId) => (await get(userId)) !== null,
    version: async (userId) => (await get(userId))?.version ?? 0,
    verify: async (userId, password) => {
      const kept = userId === null ? null : await get(userId);
      return passwords.verify(kept?.value.hash ?? null, password);
    },
    setFirst: async (userId, password) => !(await get(userId)) && put(userId, password, 0),
    change: async (userId, current, next) => {
      const kept = await get(userId);
      if (!(await passwords.verify(kept?.value.hash ?? null, current))) return 'wrong';
      return (await put(userId, next, kept?.version ?? 0)) ? 'changed' : 'raced';
    },
    remove: (userId) => secrets.delete('credentials', userId),
  };
}
