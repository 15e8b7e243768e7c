/**
 * The master keys of an installation, in the secrets: each by its fingerprint, and a pointer to the one that wraps now. There is one, and two while a
 * rotation is under way.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { KEY_LIFE, MasterKeyMissing } from '../../../platform/sealing/person-keys.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { fingerprintOf, newKey } from './wrapping.ts';

/** A master key, named by its fingerprint. */
export interface MasterKey {
  id: string;
  key: KeyObject;
}

export interface MasterKeys {
  /** The fingerprint of the master that wraps now, as the secrets have it at this moment; null where there is none. */
  pointer(): Promise<string | null>;
  /** The master that wraps now. Error: MasterKeyMissing. */
  current(): Promise<MasterKey>;
  /** A master by its fingerprint. Error: MasterKeyMissing, also where the record holds another key. */
  byId(id: string): Promise<MasterKey>;
  /** Makes a master and points at it, where there was `before` (null: none). False where somebody else was faster; its key is not kept then. */
  make(before: string | null): Promise<boolean>;
  /** The fingerprints of all masters that are there. */
  all(): Promise<string[]>;
  /** Removes a master that nothing is wrapped with any more. */
  remove(id: string): Promise<void>;
}

const POINTER = 'master';
const PREFIX = 'master:';
const OWNER = 'installation';

/** True for the records of masters among the installation's keys. */
export function isOfMaster(key: string): boolean {
  return key === POINTER || key.startsWith(PREFIX);
}

/** Opens the master keys in the secrets. `clock`: monotonic milliseconds. */
export function openMasterKeys(secrets: Secrets, clock: () => number = () => performance.now()): MasterKeys {
  const known = new Map<string, KeyObject>();
  let last: { id: string; at: number } | undefined;

  async function pointer(): Promise<string | null> {
    const at = clock();
    const id = (await secrets.get<string>('keys', POINTER))?.value ?? null;
    last = id === null ? undefined : { id, at };
    return id;
  }

  async function byId(id: string): Promise<MasterKey> {
    const key = known.get(id) ?? (await read(id));
    if (!key || fingerprintOf(key) !== id) throw new MasterKeyMissing(id);
    known.set(id, key);
    return { id, key };
  }

  async function read(id: string): Promise<KeyObject | null> {
    const record = await secrets.get<string>('keys', `${PREFIX}${id}`);
    return record && createSecretKey(Buffer.from(record.value, 'base64url'));
  }

  async function make(before: string | null): Promise<boolean> {
    const key = newKey();
    const id = fingerprintOf(key);
    const there = await secrets.get<string>('keys', POINTER);
    if ((there?.value ?? null) !== before) return false;
    await secrets.put('keys', { key: `${PREFIX}${id}`, value: key.export().toString('base64url'), owner: OWNER }, 0);
    const isFirst = await secrets.put('keys', { key: POINTER, value: id, owner: OWNER }, there?.version ?? 0);
    if (!isFirst) await secrets.delete('keys', `${PREFIX}${id}`);
    last = undefined;
    return isFirst;
  }

  return {
    pointer,
    byId,
    make,
    current: async () => {
      const id = last && clock() - last.at < KEY_LIFE ? last.id : await pointer();
      if (id === null) throw new MasterKeyMissing('of this installation');
      return byId(id);
    },
    all: async () =>
      (await secrets.list('keys', OWNER)).map(({ key }) => key).flatMap((key) => (key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : [])),
    remove: async (id) => {
      known.delete(id);
      await secrets.delete('keys', `${PREFIX}${id}`);
    },
  };
}
