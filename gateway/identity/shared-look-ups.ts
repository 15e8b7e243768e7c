/**
 * Look-ups of sessions that processes share through the cache, so that the secrets are not asked by each of them. An entry lives for a moment, counted
 * from before its look-up began: an end is seen soon also where nobody could tell the cache. Keys are keyed hashes, and entries are signed:
 * who can write to the cache can make nobody an admin.
 */
import { LRUCache } from 'lru-cache';
import type { Cache, CacheEntry } from '../../platform/cache/cache.ts';
import type { SessionOwner } from './callers.ts';

export interface SharedLookUpsOptions {
  cache: Pick<Cache, 'get' | 'set'>;
  /** Asks the secrets, which are the truth. */
  lookUp(sessionId: string): Promise<SessionOwner | null>;
  hmac(text: string): string;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: (() => number) | undefined;
}

export interface SharedLookUps {
  /** Resolves to the owner of a session, out of the cache or the secrets; null where it has ended. Rejects where the secrets do. */
  lookUp(sessionId: string): Promise<SessionOwner | null>;
  /** To be called after a session was deleted from the secrets: no process takes or writes its entry any more. Never rejects. */
  ended(sessionId: string): Promise<void>;
  /** To be called after a user changed: this process asks the secrets again. Others notice when the entry's life is over. */
  changed(userId: string): void;
}

/** Milliseconds that an entry lives. With as long again in the memory of each process, an end is seen within a second. */
const SHARED_FOR = 400;
/** Milliseconds for which this process takes no entry of what it ended or changed: longer than any entry lives. */
const DOUBTED_FOR = 5_000;
/** Seconds for which the mark of an end keeps slow readers from writing what they read before it. */
const MARK_SECONDS = 60;

// The cache keeps the entry with the higher position: an end is above every look-up.
const ALIVE = '0';
const ENDED = '1';

export function openSharedLookUps({ cache, lookUp, hmac, clock = () => performance.now() }: SharedLookUpsOptions): SharedLookUps {
  const doubted = new LRUCache<string, number>({ max: 20_000 });
  const isDoubted = (id: string) => (doubted.get(id) ?? 0) > clock();
  const doubt = (id: string) => void doubted.set(id, clock() + DOUBTED_FOR);
  const keyOf = (sessionId: string) => `session:${hmac(`session ${sessionId}`)}`;
  const signed = (key: string, json: string) => hmac(`${key} ${json}`);

  /** The owner in an entry; null where it marks an end, or somebody else wrote it. */
  function ownerIn(key: string, entry: CacheEntry | undefined): SessionOwner | null {
    const { json, signature } = (entry?.value ?? {}) as { json?: unknown; signature?: unknown };
    return entry?.position === ALIVE && typeof json === 'string' && signature === signed(key, json) ? JSON.parse(json) : null;
  }

  async function shared(sessionId: string, key: string): Promise<SessionOwner | null> {
    if (isDoubted(sessionId)) return null;
    const [entry] = await cache.get([key]);
    const owner = ownerIn(key, entry);
    return owner && !isDoubted(sessionId) && !isDoubted(owner.userId) ? owner : null;
  }

  /** Writes what was found, for what is left of its life. Nobody waits for it, and where it fails the next one asks the secrets. */
  function share(key: string, owner: SessionOwner, left: number): void {
    if (left <= 0) return;
    const json = JSON.stringify(owner);
    cache.set([{ key, entry: { generation: 1, position: ALIVE, value: { json, signature: signed(key, json) } } }], left / 1_000).catch(() => {});
  }

  return {
    lookUp: async (sessionId) => {
      const key = keyOf(sessionId);
      const known = await shared(sessionId, key);
      if (known) return known;
      const until = clock() + SHARED_FOR;
      const found = await lookUp(sessionId);
      if (found && !isDoubted(sessionId) && !isDoubted(found.userId)) share(key, found, until - clock());
      return found;
    },
    ended: async (sessionId) => {
      doubt(sessionId);
      await cache.set([{ key: keyOf(sessionId), entry: { generation: 1, position: ENDED, value: null } }], MARK_SECONDS).catch(() => {});
    },
    changed: doubt,
  };
}
