/**
 * API keys of other backends: `tlk_<id>_<256 bits>`. Only a hash of the bits is stored, so a key is shown once, when it is made.
 * The record of a key is looked up for every request, and remembered for some seconds, as sessions are.
 */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../../contracts/problem.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import { type Admitted, KEY_PREFIX } from '../../platform/http/route.ts';
import { invalidToken } from './callers.ts';
import { hashOf, randomSecret, same } from './refresh-tokens.ts';
import type { SecretRecord, Secrets } from './secrets/secrets.ts';

/** A key as it is stored. Times are ISO 8601, UTC. */
interface ApiKey {
  name: string;
  hash: string;
  /** Missing: as many as the limit of keys says. */
  requestsPerMinute?: number;
  createdAt: string;
  /** The hour in which the key was last used; null: never. */
  lastUsed: string | null;
  /** The id of the admin who made it; missing in keys of older releases. */
  madeBy?: string;
}

/** A key as admins see it. */
export interface ApiKeyView extends Omit<ApiKey, 'hash' | 'madeBy'> {
  id: string;
  requestsPerMinute: number;
}

export interface ApiKeys {
  /** Makes a key; `key` is its text, which is told nowhere else. Error: ProblemError `conflict` at MOST_KEYS keys. */
  issue(of: { name: string; requestsPerMinute?: number | undefined; madeBy: string }): Promise<ApiKeyView & { key: string }>;
  /** Resolves to all keys, the newest first. */
  list(): Promise<ApiKeyView[]>;
  /** Resolves to the keys that an admin made, the newest first; those of older releases are nobody's. */
  madeBy(userId: string): Promise<ApiKeyView[]>;
  /** Revokes a key; false where there is none. Other processes notice within 5 seconds. */
  revoke(id: string): Promise<boolean>;
  /** Resolves to the backend that a key belongs to. Errors: ProblemError `unauthorized`, and `limited` where it asked too often. */
  admit(key: string): Promise<Admitted>;
}

const SHAPE = /^tlk_([0-9a-f]{32})_([\w-]{43})$/;
const OWNER = 'installation';
/** Milliseconds for which a key is remembered, so that a process may not notice that another one revoked it. */
const REMEMBERED = 5_000;
export const MOST_KEYS = 1_000;

export interface ApiKeysOptions {
  secrets: Secrets;
  limits: Limits;
  now(): Date;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: (() => number) | undefined;
}

export function openApiKeys({ secrets, limits, now, clock = () => performance.now() }: ApiKeysOptions): ApiKeys {
  const known = new LRUCache<string, { record: SecretRecord<ApiKey> | null; until: number }>({ max: 10_000 });
  /** The hour in which each key was last used in this process. */
  const noted = new LRUCache<string, string>({ max: 10_000 });
  let forgotten = 0;

  async function recordOf(id: string): Promise<SecretRecord<ApiKey> | null> {
    const entry = known.get(id);
    if (entry && entry.until > clock()) return entry.record;
    const before = forgotten;
    const until = clock() + REMEMBERED;
    const record = await secrets.get<ApiKey>('api-keys', id);
    if (before === forgotten) known.set(id, { record, until });
    return record;
  }

  function forget(id: string): void {
    forgotten++;
    known.delete(id);
  }

  /** Stores the hour of a use, once an hour; nobody waits for it. Written at the version that was read, so that a revoked key is not made again. */
  function noteUse(id: string, { value, version }: SecretRecord<ApiKey>): void {
    const lastUsed = `${now().toISOString().slice(0, 13)}:00:00.000Z`;
    if (noted.get(id) === lastUsed) return;
    noted.set(id, lastUsed);
    if (value.lastUsed === lastUsed) return;
    secrets.put('api-keys', { key: id, value: { ...value, lastUsed }, owner: OWNER }, version).catch(() => false);
  }

  async function listed(isWanted: (key: ApiKey) => boolean): Promise<ApiKeyView[]> {
    const records = (await secrets.list<ApiKey>('api-keys', OWNER)).filter(({ value }) => isWanted(value));
    return records.map(({ key, value }) => viewOf(key, value, limits)).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  return {
    issue: async ({ name, requestsPerMinute, madeBy }) => {
      if ((await secrets.list('api-keys', OWNER)).length >= MOST_KEYS)
        throw new ProblemError('conflict', `There are ${MOST_KEYS} keys. Revoke some first.`);
      const id = randomUUID();
      const secret = randomSecret();
      const own = requestsPerMinute === undefined ? {} : { requestsPerMinute };
      const value: ApiKey = { name, hash: hashOf(secret), ...own, createdAt: now().toISOString(), lastUsed: null, madeBy };
      await secrets.put('api-keys', { key: id, value, owner: OWNER }, 0);
      forget(id);
      return { ...viewOf(id, value, limits), key: `${KEY_PREFIX}${id.replaceAll('-', '')}_${secret}` };
    },
    list: () => listed(() => true),
    madeBy: (userId) => listed(({ madeBy }) => madeBy === userId),
    revoke: async (id) => {
      const isThere = (await secrets.get('api-keys', id)) !== null;
      await secrets.delete('api-keys', id);
      forget(id);
      return isThere;
    },
    admit: async (key) => {
      const [, hex, secret] = SHAPE.exec(key) ?? [];
      const id = hex?.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      const record = id ? await recordOf(id) : null;
      if (!id || !record || !same(hashOf(secret ?? ''), record.value.hash)) throw invalidToken('This API key is not valid, or was revoked.');
      const headers = await limits.consume('api-key', id, 1, record.value.requestsPerMinute);
      noteUse(id, record);
      return { caller: { id, role: 'service', seesAll: false, sessionId: id }, headers };
    },
  };
}

function viewOf(id: string, { hash: _, madeBy: __, ...value }: ApiKey, limits: Pick<Limits, 'points'>): ApiKeyView {
  return { id, requestsPerMinute: limits.points('api-key'), ...value };
}
