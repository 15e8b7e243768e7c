/**
 * The secrets' port: credentials, sessions, one-time codes, keys, hashes of API keys, the subjects of issuers, what was decided of ways in. Not made from events: backed up apart.
 * Implementations: sqlite/ (a file of its own, mode 600), mongodb/.
 *
 *     const before = await secrets.get<Session>('sessions', id);
 *     const record = { key: id, value: session, owner: session.userId, expires: '2027-01-31T17:00:00.000Z' };
 *     const isWritten = await secrets.put('sessions', record, before?.version ?? 0);
 */

import { Unavailable } from '../../../platform/absences/unavailable.ts';

/** A record, its version, and the one text it can be listed by. */
export interface SecretRecord<T = unknown> {
  key: string;
  value: T;
  /** The record's version: 1 when it is first put, then one more with each put. */
  version: number;
  /** The text by which `list` finds the record, as a user's id. */
  owner: string;
  /** The record's end (ISO 8601; null: never). Later it counts as missing, and is removed at some time. */
  expires: string | null;
}

export const SECRET_KINDS = [
  'credentials',
  'sessions',
  'codes',
  'keys',
  'api-keys',
  'second-factors',
  'subjects',
  'ways-in',
  'sign-ins',
  'audit',
  'person-keys',
  'erasures',
  'erased',
] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

/** Every call rejects with SecretsUnavailable while the store is away. */
export interface Secrets {
  get<T>(kind: SecretKind, key: string): Promise<SecretRecord<T> | null>;
  /**
   * Writes a record if the stored one is still at `version` (0: missing; undefined: any). Resolves to true once it is durable;
   * to false when somebody else was faster.
   */
  put(kind: SecretKind, record: { key: string; value: unknown; owner: string; expires?: string | null }, version?: number): Promise<boolean>;
  delete(kind: SecretKind, key: string): Promise<void>;
  /** Resolves to those of these keys (some thousands at most) that have a record, in any order. */
  present(kind: SecretKind, keys: readonly string[]): Promise<string[]>;
  /** Resolves to the records of those of these keys (some thousands at most) that have one, in any order. */
  some<T>(kind: SecretKind, keys: readonly string[]): Promise<SecretRecord<T>[]>;
  list<T>(kind: SecretKind, owner: string): Promise<SecretRecord<T>[]>;
  /** All records of a kind, sorted by key, in pages that are not empty: for moving them to another store. */
  all(kind: SecretKind): AsyncIterable<SecretRecord[]>;
  /** Writes a record of another store, with its version, over any that is there. */
  restore(kind: SecretKind, record: SecretRecord): Promise<void>;
  /**
   * Resolves once nothing of deleted records is in the log of the embedded file; in the file they are overwritten as they are deleted. What a server's disks
   * keep of what it deleted is not known here. Error: SecretsUnavailable, also while somebody reads the file.
   */
  purge(): Promise<void>;
  close(): Promise<void>;
}

/** The name of the secrets where their absences are told. */
export const SECRETS = 'the secrets';

/** The secrets cannot be reached, or their disk refuses; whether a `put` was done is not known. */
export class SecretsUnavailable extends Unavailable {
  override readonly name = 'SecretsUnavailable';
  readonly dependency = SECRETS;
  readonly answer = 'Sessions and credentials cannot be read or changed right now. Try again.';
}
