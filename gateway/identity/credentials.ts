/** Credentials: the passwords of users, as hashes in the secrets store, at most one a user. */
import type { Asker } from './fair-turns.ts';
import { normalPassword } from './new-password.ts';
import type { Passwords } from './passwords.ts';
import type { Secrets } from './secrets/secrets.ts';

interface Credential {
  /** The hash by argon2id, as PHC text. */
  hash: string;
  /** True where the installation made the password and somebody printed it: its owner has to set another one. */
  made?: true;
}

/** A new password: one that its owner chose, or one that was made for them. */
export type NextPassword = string | { made: string };

/** The text of a new password. */
export function textOf(next: NextPassword): string {
  return typeof next === 'string' ? next : next.made;
}

/** What stands for the credential of who has none. */
const NONE = { value: { hash: null, made: undefined }, version: 0 };

export interface Credentials {
  has(userId: string): Promise<boolean>;
  /** Resolves to a number that changes with the password; 0 without one. */
  version(userId: string): Promise<number>;
  /** True while the user has a password that was made for them. */
  isMade(userId: string): Promise<boolean>;
  /** True for the right password. Takes the same time for null (no user) and a user without a password. Error: ProblemError `unavailable`. */
  verify(userId: string | null, password: string, asker?: Asker): Promise<boolean>;
  /** Sets the first password; false where there is one already. Error: ProblemError `unavailable`. */
  setFirst(userId: string, next: NextPassword, asker?: Asker): Promise<boolean>;
  /**
   * Changes the password. `wrong`: `current` is not the password; `same`: it is, and so is `next`; `raced`: another change was faster. `record` is called
   * right before the password is another one, with a text that is this change's alone. Errors: as `verify`, and those of `record`.
   */
  change(userId: string, passwords: { current: string; next: string }, setting?: Setting): Promise<PasswordChange>;
  /**
   * Sets the password, whatever it was at `version`; false where it was changed since. `record` is called right before it is set. Errors: ProblemError
   * `unavailable`, those of `record`.
   */
  replace(userId: string, next: NextPassword, version: number, setting?: Setting): Promise<boolean>;
  /**
   * Keeps the password of `version` as it is, at another version, so that nobody replaces it any more who looked before; false where it was changed since.
   */
  seal(userId: string, version: number): Promise<boolean>;
  remove(userId: string): Promise<void>;
}

/** Who sets a password, and how that is recorded: before it is set, so that a process that is killed then has not kept it from its owner. */
export interface Setting {
  asker?: Asker | undefined;
  record?: ((key: string) => Promise<void>) | undefined;
}

/** How a change of a password went. */
export type PasswordChange = 'changed' | 'wrong' | 'same' | 'raced';

export function openCredentials(secrets: Secrets, passwords: Passwords): Credentials {
  const get = (userId: string) => secrets.get<Credential>('credentials', userId);
  const put = async (userId: string, next: NextPassword, version: number, { asker, record }: Setting = {}) => {
    const value: Credential = { hash: await passwords.hash(textOf(next), asker), ...(typeof next === 'string' ? {} : { made: true }) };
    // Where another change was faster, nothing is recorded of one that never is.
    if (record && ((await get(userId))?.version ?? 0) !== version) return false;
    await record?.(`password after ${version}`);
    return secrets.put('credentials', { key: userId, value, owner: userId }, version);
  };

  return {
    has: async (userId) => (await get(userId)) !== null,
    version: async (userId) => (await get(userId))?.version ?? 0,
    isMade: async (userId) => (await get(userId))?.value.made === true,
    verify: async (userId, password, asker) => {
      const kept = userId === null ? null : await get(userId);
      return passwords.verify(kept?.value.hash ?? null, password, asker);
    },
    setFirst: async (userId, next, asker) => !(await get(userId)) && put(userId, next, 0, { asker }),
    change: async (userId, { current, next }, setting = {}) => {
      const { value, version } = (await get(userId)) ?? NONE;
      if (!(await passwords.verify(value.hash, current, setting.asker))) return 'wrong';
      if (normalPassword(current) === normalPassword(next)) return 'same';
      return (await put(userId, next, version, setting)) ? 'changed' : 'raced';
    },
    replace: put,
    seal: async (userId, version) => {
      const kept = await get(userId);
      return kept?.version === version && secrets.put('credentials', kept, version);
    },
    remove: (userId) => secrets.delete('credentials', userId),
  };
}
