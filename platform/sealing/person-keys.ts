/**
 * The port of the keys of persons: one key (AES-256) seals what the log holds of one person, and once that is destroyed, nobody reads it any more.
 * A person is named by a reference (person-reference.ts). Implementation: gateway/identity/person-keys/, on the secrets.
 *
 *     const keys = await personKeys.toSeal([userReference(id)]);
 *     const opened = await personKeys.toOpen([{ of: userReference(id), generation: 1 }]);
 *     await personKeys.destroy([userReference(id)], '2026-11-30T10:00:00.000Z');
 */
import type { KeyObject } from 'node:crypto';
import { Unavailable } from '../absences/unavailable.ts';

/** A key to seal with. */
export interface SealingKey {
  /** Which key of this person it is, from 1: an address whose key was destroyed gets another one when it is used again. */
  generation: number;
  key: KeyObject;
}

/** A key that something was sealed with. */
export interface WantedKey {
  /** The reference of the person. */
  of: string;
  generation: number;
}

/** An erasure as the keys know it: whose, its time (ISO 8601), and the references of the keys that it destroys. */
export interface KeysOfErasure {
  person: string;
  at: string;
  keys: readonly string[];
}

/** What opens a box: its key; `destroyed`, where the person was erased; or the error to be thrown where it should be there and is not. */
export type OpeningKey = KeyObject | 'destroyed' | PersonKeyMissing;

/** Errors of all calls: Unavailable while the secrets are away; MasterKeyMissing. */
export interface PersonKeys {
  /** The keys to seal with, made where missing. Null for who has one key (`hasOneKey`) that was destroyed, and for what is closed: it is written as erased. */
  toSeal(people: readonly string[]): Promise<ReadonlyMap<string, SealingKey | null>>;
  /** The keys to open with, by `keyName` of each. */
  toOpen(wanted: readonly WantedKey[]): Promise<ReadonlyMap<string, OpeningKey>>;
  /**
   * Destroys all keys of these people for good, and forgets them in this process; durable when it resolves. Who has one key (`hasOneKey`) never gets another; an address
   * does, for whoever has it next. `at`: the time of the erasure (ISO 8601), which is noted: with the same time again it changes nothing, also for
   * whoever has the address by then. `closes`: an address gets none before `free`, and what is of it until then is written as erased: some process may have
   * read it before its key was destroyed, and not have written yet. Throws for an author that is nobody.
   */
  destroy(people: readonly string[], at: string, closes?: boolean): Promise<void>;
  /** Gives back what these erasures have closed. Repeating it does no harm. */
  free(erasures: readonly KeysOfErasure[]): Promise<void>;
  /**
   * Destroys the key of snapshots: those that are there count as absent from then on, and are made anew. It is noted of this erasure, and with it again
   * changes nothing; another one of the same time is another one. `closes`: as of `destroy`.
   */
  rotateSnapshots(erasure: Pick<KeysOfErasure, 'person' | 'at'>, closes?: boolean): Promise<void>;
  /** Gives back what any erasure has closed, but for these, which are asked for once it is known what is closed. */
  freeAllBut(open: () => Promise<readonly Pick<KeysOfErasure, 'person' | 'at'>[]>): Promise<void>;
  /** Those of these erasures of which some key, or that of snapshots, has no note: an older backup of the secrets may have brought it back. */
  notDestroyed<E extends KeysOfErasure>(erasures: readonly E[]): Promise<E[]>;
  /** Milliseconds after `destroy` resolved, after which no process that is well can still use a destroyed key. */
  readonly settledAfter: number;
}

/** The name of a key in what `toOpen` resolves to. */
export function keyName(of: string, generation: number): string {
  return `${generation} ${of}`;
}

/** Milliseconds for which a process uses a key without asking for it again, by the monotonic clock. */
export const KEY_LIFE = 2_000;
/** Milliseconds for which what was read with keys at hand may be opened with them. */
export const KEY_USE = 3_000;

/** The name of the keys where their absences are told. */
export const PERSON_KEYS = 'the keys of persons';

/** A key that the secrets should have and do not: nobody destroyed it. */
export class PersonKeyMissing extends Unavailable {
  override readonly name = 'PersonKeyMissing';
  readonly dependency = PERSON_KEYS;
  readonly answer = 'The key to some of this is not there right now. Whoever runs this installation must put it back.';
  override readonly retryAfter = 60;
  constructor({ of, generation }: WantedKey) {
    super(`key ${generation} of ${of} is not in the secrets, and nobody destroyed it: put back the newest backup of the secrets`);
  }
}

/** The master key that keys are wrapped with is not in the secrets, or is another one. */
export class MasterKeyMissing extends Unavailable {
  override readonly name = 'MasterKeyMissing';
  readonly dependency = PERSON_KEYS;
  readonly answer = 'The keys to what is recorded are not there right now. Whoever runs this installation must put them back.';
  override readonly retryAfter = 60;
  constructor(fingerprint: string) {
    super(`the master key ${fingerprint} is not in the secrets, or not as it was: put back the newest backup of the secrets`);
  }
}
