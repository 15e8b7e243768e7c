/** Refreshing: a token is exchanged for the next one. One that somebody may have copied ends its session. */
import type { Ages } from './ages.ts';
import { invalidToken } from './callers.ts';
import { formatRefreshToken, hashOf, nextSecret, parseRefreshToken, type RefreshToken, randomSecret, same } from './refresh-tokens.ts';
import type { EndReason } from './session-ends.ts';
import type { Session, SessionOrigin, SessionRecord } from './session-record.ts';
import type { Sessions } from './sessions.ts';
import { untilWon } from './until-won.ts';

export interface RefreshingOptions {
  get(id: string): Promise<SessionRecord | null>;
  /** Writes a session where it is still at `version`; false where somebody was faster. */
  put(id: string, value: Session, version: number): Promise<boolean>;
  end(session: SessionRecord, reason: EndReason): Promise<void>;
  exists(userId: string): Promise<boolean>;
  hmac(text: string): string;
  ages: Ages;
}

/** Milliseconds for which a repeat of a refresh gets the same token again, so that two tabs that ask at once have one chain. */
const GRACE = 10_000;

/**
 * Makes the function that exchanges a refresh token for the next, and notes where its session is used from. Error: ProblemError `unauthorized`; a token
 * whose successor was used ends its session.
 */
export function openRefreshing({ get, put, end, exists, hmac, ages }: RefreshingOptions): Sessions['refresh'] {
  async function alive(id: string): Promise<SessionRecord> {
    const session = await get(id);
    if (!session) throw sessionEnded();
    if (await exists(session.value.userId)) return session;
    await end(session, 'deleted');
    throw invalidToken('This user is not there any more.');
  }

  /**
   * The secret that follows the token's; null when another refresh was faster. The token before is good, however late, as long as its successor was
   * never used, whose answer may have been lost: it gets another successor then, and the first is over. If both are presented, somebody has a copy.
   */
  async function advance(session: SessionRecord, { secret }: RefreshToken, from: SessionOrigin | undefined): Promise<string | null> {
    const { refreshHash, previousHash, salt, rotatedAt } = session.value;
    const hash = hashOf(secret);
    if (same(hash, refreshHash)) return rotate(session, secret, from);
    if (previousHash !== null && salt !== null && same(hash, previousHash))
      return ages.of(session.key, rotatedAt) <= GRACE ? nextSecret(secret, salt) : rotate(session, secret, from);
    await end(session, 'reused');
    throw invalidToken('This refresh token was used before: somebody may have a copy. The session has ended. Log in again.');
  }

  async function rotate({ key, value, version }: SessionRecord, secret: string, from: SessionOrigin | undefined): Promise<string | null> {
    const salt = randomSecret();
    const next = nextSecret(secret, salt);
    const time = ages.note(key);
    const renewed = { ...value, ...from, refreshHash: hashOf(next), previousHash: hashOf(secret), salt, rotatedAt: time, lastUsedAt: time };
    return (await put(key, renewed, version)) ? next : null;
  }

  return async (text, from) => {
    const token = parseRefreshToken(text, hmac);
    if (!token) throw invalidToken('The refresh token is not valid. Log in again.');
    const { id, userId, secret } = await untilWon('This session is', async () => {
      const session = await alive(token.sessionId);
      const next = await advance(session, token, from);
      return next === null ? undefined : { id: session.key, userId: session.value.userId, secret: next };
    });
    return { id, userId, refreshToken: formatRefreshToken({ sessionId: id, secret }, hmac) };
  };
}

/** The refusal of who has a token of a session that is over. */
export function sessionEnded(): ReturnType<typeof invalidToken> {
  return invalidToken('The session has ended. Log in again.');
}
