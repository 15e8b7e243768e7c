/** The keys that sign the URLs of files: kept with the secrets, the newest signs, those before it verify until the last URL of theirs has ended. */
import { randomBytes } from 'node:crypto';
import type { UrlKey } from './signed-url.ts';

/** The part of the secrets that the keys are kept in. */
export interface KeptKeys {
  get<T>(kind: 'keys', key: string): Promise<{ value: T; version: number } | null>;
  put(kind: 'keys', record: { key: string; value: unknown; owner: string }, version: number): Promise<boolean>;
}

/** A key that signs no more. */
interface RetiredKey extends UrlKey {
  /** The time from which it verifies no more (ISO 8601). */
  until: string;
}

/** The keys as they are kept: a storage format. */
interface KeyRing {
  newest: UrlKey;
  retired: readonly RetiredKey[];
}

export interface UrlKeys {
  /** The key to sign with. Rejects where the secrets are away, and this process has none of them yet. */
  newest(): Promise<UrlKey>;
  /** The key with this id, while it verifies; undefined for none. */
  verifying(id: string): Promise<UrlKey | undefined>;
  /** Makes a new key, which signs from now on (in other processes within a minute); resolves to its id. */
  rotate(): Promise<string>;
}

export interface UrlKeysOptions {
  secrets: KeptKeys;
  now(): Date;
  /** Milliseconds after its key's rotation in which a URL may still be good: the longest life of one. */
  longest: number;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: () => number;
}

const RECORD = 'media-urls';
/** Milliseconds after which the keys are read again, since another process may have made a new one. */
const FRESH = 60_000;
/** Milliseconds between two looks for a key that is not known: forged URLs do not become a load on the secrets. */
const LOOKS = 1_000;

export function openUrlKeys({ secrets, now, longest, clock = () => performance.now() }: UrlKeysOptions): UrlKeys {
  let ring: KeyRing | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  async function read(): Promise<{ ring: KeyRing; version: number }> {
    const found = (await secrets.get<KeyRing>('keys', RECORD)) ?? (await begin());
    if (!found) throw new Error('the keys of URLs were put into the secrets and are not there');
    ring = found.value;
    readAt = clock();
    return { ring: found.value, version: found.version };
  }

  /** Of several processes the first to put a key wins, and all read that one. */
  async function begin() {
    await secrets.put('keys', record({ newest: fresh(), retired: [] }), 0);
    return secrets.get<KeyRing>('keys', RECORD);
  }

  async function known(age: number): Promise<KeyRing> {
    if (ring && clock() - readAt <= age) return ring;
    const before = ring;
    return read().then(
      (found) => found.ring,
      (error) => {
        // A process that has keys goes on with them where the secrets are away.
        if (!before) throw error;
        return before;
      },
    );
  }

  const isGood = ({ until }: RetiredKey) => Date.parse(until) > now().getTime();

  function among({ newest, retired }: KeyRing, id: string): UrlKey | undefined {
    return newest.id === id ? newest : retired.find((one) => one.id === id && isGood(one));
  }

  async function rotate(): Promise<string> {
    const { ring: before, version } = await read();
    // Other processes sign with the key before for as long as they do not read again.
    const until = new Date(now().getTime() + longest + 2 * FRESH).toISOString();
    const newest = fresh();
    const next: KeyRing = { newest, retired: [{ ...before.newest, until }, ...before.retired.filter(isGood)] };
    const won = await secrets.put('keys', record(next), version);
    await read();
    return won ? newest.id : rotate();
  }

  return {
    newest: async () => (await known(FRESH)).newest,
    verifying: async (id) => among(await known(FRESH), id) ?? among(await known(LOOKS), id),
    rotate,
  };
}

const record = (value: KeyRing) => ({ key: RECORD, value, owner: 'installation' });

function fresh(): UrlKey {
  return { id: randomBytes(6).toString('base64url'), secret: randomBytes(32).toString('base64url') };
}
