/** Credentials: the passwords of users, as hashes in the secrets store, at most one a user. */
import type { Asker } from './fair-turns.ts';
import type { Passwords } from './passwords.ts';
import type { Secrets } from './secrets/secrets.ts';

interface Credential {
  /** The hash by argon2id, as PHC text. */
  hash: string;
}

export interface Credentials {
  has(userId: string): Promise<boolean>;
  /** Resolves to a number that changes with the password; 0 without one. */
  version(userId: string): Promise<number>;
  /** True for the right password. Takes the same time for null (no user) and a user without a password. Error: ProblemError `unavailable`. */
  verify(userId: string | null, password: string, asker?: Asker): Promise<boolean>;
  /** Sets the first password; false where there is one already. Error: ProblemError `unavailable`. */
  setFirst(userId: string, password: string, asker?: Asker): Promise<boolean>;
  /** Changes the password. `wrong`: `current` is not the password; `raced`: another change was faster. Error: as `verify`. */
  change(userId: string, passwords: { current: string; next: string }, asker?: Asker): Promise<'changed' | 'wrong' | 'raced'>;
  /** Sets the password, whatever it was at `version`; false where it was changed since. Error: ProblemError `unavailable`. */
  replace(userId: string, next: string, version: number, asker?: Asker): Promise<boolean>;
  remove(userId: string): Promise<void>;
}

export function openCredentials(secrets: Secrets, passwords: Passwords): Credentials {
  const get = (userId: string) => secrets.get<Credential>('credentials', userId);
  const put = async (userId: string, password: string, version: number, asker?: Asker) => {
    const value: Credential = { hash: await passwords.hash(password, asker) };
    return secrets.put('credentials', { key: userId, value, owner: userId }, version);
  };

  return {
    has: async (userId) => (await get(userId)) !== null,
    version: async (userId) => (await get(userId))?.version ?? 0,
    verify: async (userId, password, asker) => {
      const kept = userId === null ? null : await get(userId);
      return passwords.verify(kept?.value.hash ?? null, password, asker);
    },
    setFirst: async (userId, password, asker) => !(await get(userId)) && put(userId, password, 0, asker),
    change: async (userId, { current, next }, asker) => {
      const kept = await get(userId);
      if (!(await passwords.verify(kept?.value.hash ?? null, current, asker))) return 'wrong';
      return (await put(userId, next, kept?.version ?? 0, asker)) ? 'changed' : 'raced';
    },
    replace: put,
    remove: (userId) => secrets.delete('credentials', userId),
  };
}
