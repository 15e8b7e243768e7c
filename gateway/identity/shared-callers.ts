/**
 * Owners of sessions as all processes share them. Redis holds hashes, ids and roles, no token and no person's data; what it holds is signed with the time
 * of the look-up, so that who can write to it makes nobody an admin, nor keeps anybody one for longer than some seconds. The secrets and the log stay the
 * truth.
 */
import { BRIEF_MS, type BriefCache } from '../../platform/brief-cache/brief-cache.ts';
import type { SessionOwner } from './callers.ts';
import { same } from './refresh-tokens.ts';

export interface SharedCallersOptions {
  /** Missing: this process is alone, and everything is looked up. */
  cache?: BriefCache | null | undefined;
  hmac(text: string): string;
  lookUp(sessionId: string): Promise<SessionOwner | null>;
  now(): Date;
  /** True for an owner who is to be shared; default: each is. */
  shares?: ((owner: SessionOwner) => boolean) | undefined;
  /** Called for each session that was found in the cache, and for each that was looked up. */
  count?: ((how: 'shared' | 'looked_up') => void) | undefined;
}

export interface SharedCallers {
  /** Resolves to the present user of a session, as it was less than half a second ago; null where it has ended or belongs to another user. */
  ownerOf(sessionId: string, userId: string): Promise<SessionOwner | null>;
  /** Tells all processes that a session has ended. Never rejects. */
  sessionEnded(sessionId: string): Promise<void>;
  /** Tells all processes that a user has changed. Never rejects. */
  userChanged(userId: string): Promise<void>;
}

/**
 * Milliseconds by which a text may be older than the cache says, or from the future: processes' clocks differ by less. Where they do not, everything is
 * looked up.
 */
const CLOCKS_DIFFER = 3_000;

export function shareCallers({ cache, hmac, lookUp, now, shares = () => true, count = () => {} }: SharedCallersOptions): SharedCallers {
  const sessionMark = (id: string) => `ended:${hmac(`brief session ${id}`)}`;
  const userMark = (id: string) => `changed:${hmac(`brief user ${id}`)}`;
  const signatureOf = (sessionId: string, dated: string) => hmac(`brief owner ${sessionId} ${dated}`);

  function lookedUp(sessionId: string): Promise<SessionOwner | null> {
    count('looked_up');
    return lookUp(sessionId);
  }

  function signed(sessionId: string, owner: SessionOwner, at: number): string {
    const dated = `${at} ${JSON.stringify(owner)}`;
    return `${signatureOf(sessionId, dated)} ${dated}`;
  }

  /** The owner in a text; null where the text is not one that we wrote for this session, and lately. */
  function read(sessionId: string, text: string): SessionOwner | null {
    const [signature = '', at = ''] = text.split(' ', 2);
    const dated = text.slice(signature.length + 1);
    const age = Math.abs(now().getTime() - Number(at));
    if (!(age <= BRIEF_MS + CLOCKS_DIFFER) || !same(signature, signatureOf(sessionId, dated))) return null;
    return JSON.parse(dated.slice(at.length + 1));
  }

  async function throughCache(through: BriefCache['through'], sessionId: string, userId: string): Promise<SessionOwner | null> {
    const place = { key: `session:${hmac(`brief session ${sessionId}`)}`, marks: [sessionMark(sessionId), userMark(userId)] };
    let found: SessionOwner | null | undefined;
    const text = await through(place, async () => {
      const at = now().getTime();
      found = await lookedUp(sessionId);
      return found && shares(found) ? signed(sessionId, found, at) : null;
    });
    if (found !== undefined) return found;
    const owner = read(sessionId, text ?? '');
    if (owner) count('shared');
    return owner ?? lookedUp(sessionId);
  }

  return {
    ownerOf: (sessionId, userId) => (cache ? throughCache(cache.through, sessionId, userId) : lookedUp(sessionId)),
    sessionEnded: async (sessionId) => cache?.mark([sessionMark(sessionId)]),
    userChanged: async (userId) => cache?.mark([userMark(userId)]),
  };
}
