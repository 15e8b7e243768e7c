/**
 * The secrets' port: credentials, sessions, one-time codes, keys, hashes of API keys. Not made from events: backed up apart.
 * Implementations: sqlite/ (a file of its own, mode 600), mongodb/.
 */

/** A record, its version, and the one text it can be listed by. */
export interface SecretRecord<T = unknown> {
  key: string;
  value: T;
  /** 1 when first put, then one more with each put. */
  version: number;
  /** What `list` finds it by, as a user's id. */
  owner: string;
  /** ISO 8601; after it the record is treated as gone, and removed some time. null: never. */
  expires: string | null;
}

export const SECRET_KINDS = ['credentials', 'sessions', 'codes', 'keys', 'api-keys'] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

export interface Secrets {
  get<T>(kind: SecretKind, key: string): Promise<SecretRecord<T> | null>;
  /**
   * Writes a record if it is still at `version` (0: not there yet; undefined: whatever it is) and answers true once it is durable;
   * false when somebody else was faster.
   */
  put(kind: SecretKind, record: { key: string; value: unknown; owner: string; expires?: string | null }, version?: number): Promise<boolean>;
  delete(kind: SecretKind, key: string): Promise<void>;
  list<T>(kind: SecretKind, owner: string): Promise<SecretRecord<T>[]>;
  /** Every record of a kind, in the order of keys, in pages that are not empty: for moving them elsewhere. */
  all(kind: SecretKind): AsyncIterable<SecretRecord[]>;
  /** Writes a record as it was elsewhere, its version too, whatever is there. */
  restore(kind: SecretKind, record: SecretRecord): Promise<void>;
  close(): Promise<void>;
}
