/** Passwords: argon2id on libuv's threads, few at once, so that a rush of logins neither takes the memory nor the threads. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { type Asker, openFairTurns } from './fair-turns.ts';
import { normalPassword } from './new-password.ts';

/** OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane (argon2id is the library's default). */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export interface PasswordOptions {
  /** The most hashes at work at once; default: as many as cores, but at most 3 of libuv's 4 threads, because files and DNS need one. */
  running?: number;
  /** The most hashes of strangers that wait (default 64); one more is refused. */
  waiting?: number;
}

export interface Passwords {
  /** Hashes a password; resolves to PHC text. Error when too many wait: ProblemError `limited`; `unavailable` where it is not said who asks. */
  hash(password: string, asker?: Asker): Promise<string>;
  /** True for the password of this hash; for null (no such account) false after the same time. Error: as `hash`. */
  verify(hash: string | null, password: string, asker?: Asker): Promise<boolean>;
}

/** Opens the one place where passwords are hashed and compared. */
export async function openPasswords(options: PasswordOptions = {}): Promise<Passwords> {
  const { running = Math.min(3, availableParallelism()), waiting = 64 } = options;
  const inTurn = openFairTurns({ running, waiting });
  const dummy = await hash('no account has this', COST);
  return {
    hash: (password, asker) => inTurn(asker, () => hash(normalPassword(password), COST)),
    verify: (kept, password, asker) => inTurn(asker, async () => (await verify(kept ?? dummy, normalPassword(password))) && kept !== null),
  };
}

/** Makes a password for somebody: 120 bits as text that can be typed. */
export function makePassword(): { made: string } {
  return { made: randomBytes(15).toString('base64url') };
}
