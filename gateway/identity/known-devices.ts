/**
 * Devices that were in an account: each login gives one a token, which it shows at the next. Nothing of it is stored here. It opens nothing; whoever
 * shows it has tries at the password that no stranger can use up (OWASP's device cookies, for clients that keep tokens).
 */
import { randomBytes } from 'node:crypto';
import { same } from './refresh-tokens.ts';

export interface KnownDevices {
  /** Makes the token of a device that has just come in, under this epoch of its user's sessions: `<user id>.<day>.<96 bits>.<mark>`. */
  issue(userId: string, epoch: string): string;
  /**
   * The id of the first device among these tokens that was in the account of this user under the present epoch: where all sessions have ended since, it
   * may be a thief's. Undefined where none was, or for no user.
   */
  find(userId: string | undefined, tokens: readonly string[], epoch: string): string | undefined;
}

const DAY = 86_400_000;
/** Days for which a device is known after a login. */
const LIFE = 180;
const SHAPE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,7})\.([\w-]{16})\.([\w-]{32})$/;

export function openKnownDevices({ hmac, now }: { hmac(text: string): string; now(): Date }): KnownDevices {
  const today = () => Math.floor(now().getTime() / DAY);
  const mark = (text: string) => hmac(`device:${text}`).slice(0, 32);

  // Of a user whose sessions never ended all at once, as tokens of a release before this one.
  const marked = (text: string, epoch: string) => mark(epoch === '' ? text : `${text} ${epoch}`);

  function idOf(userId: string, token: string, epoch: string): string | undefined {
    const [, owner, day, id, given] = SHAPE.exec(token) ?? [];
    if (owner !== userId || !id || !given || today() - Number(day) > LIFE) return undefined;
    return same(given, marked(`${owner}.${day}.${id}`, epoch)) ? id : undefined;
  }

  return {
    issue: (userId, epoch) => {
      const text = `${userId}.${today()}.${randomBytes(12).toString('base64url')}`;
      return `${text}.${marked(text, epoch)}`;
    },
    find: (userId, tokens, epoch) => {
      const ids = userId === undefined ? [] : tokens.map((token) => idOf(userId, token, epoch));
      return ids.find((id) => id !== undefined);
    },
  };
}
