/** The records of one kind as they are stored: one document a key. */

import type { MongoServer } from '../../../../platform/connections/mongodb/connect.ts';
import { declareIndexes } from '../../../../platform/connections/mongodb/indexes.ts';
import { unlessThere } from '../../../../platform/connections/mongodb/insert.ts';
import type { StillOurs } from '../../../../platform/connections/mongodb/turns.ts';
import type { SecretKind, SecretRecord } from '../secrets.ts';

export interface KeptSecret {
  /** The record's key. */
  _id: string;
  /** The value as JSON text, so that it may have any shape. */
  value: string;
  version: number;
  owner: string;
  /** The record's end: ISO 8601, UTC; null: never. */
  expires: string | null;
  /** A random text that each change renews. */
  stamp: string;
}

export interface KeptSecrets {
  one(key: string): Promise<KeptSecret | null>;
  /** Resolves to those of these keys that have a record, each with its end. */
  among(keys: readonly string[]): Promise<Pick<KeptSecret, '_id' | 'expires'>[]>;
  /** Resolves to the records of those of these keys that have one. */
  some(keys: readonly string[]): Promise<KeptSecret[]>;
  ofOwner(owner: string): Promise<KeptSecret[]>;
  /** Resolves to the next records after a key, sorted by key. */
  page(after: string, limit: number): Promise<KeptSecret[]>;
  /** Writes a record where the stored one is still `before` (null: none); else false. */
  write(before: KeptSecret | null, after: KeptSecret, stillOurs: StillOurs): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Resolves to keys of records that ended at this time or before. */
  expired(at: string, limit: number): Promise<string[]>;
  /** Removes those of these records that still have ended at this time. */
  remove(keys: string[], at: string): Promise<void>;
  /** Makes the indexes: by owner, and by end. */
  index(): Promise<void>;
}

export function secretsIn({ db, atomic, scans }: MongoServer, kind: SecretKind): KeptSecrets {
  const kept = db.collection<KeptSecret>(kind);
  // The lower bound leaves out records that never end (null).
  const ended = (at: string) => ({ expires: { $gte: '', $lte: at } });

  return {
    one: (key) => kept.findOne({ _id: key }),
    among: (keys) => kept.find({ _id: { $in: [...keys] } }, { projection: { expires: 1 } }).toArray(),
    some: (keys) => kept.find({ _id: { $in: [...keys] } }).toArray(),
    ofOwner: (owner) => kept.find({ owner }, { sort: { _id: 1 } }).toArray(),
    page: (after, limit) => kept.find({ _id: { $gt: after } }, { sort: { _id: 1 }, limit, batchSize: limit }).toArray(),
    write: async (before, after, stillOurs) => {
      stillOurs();
      if (!before) return unlessThere(() => kept.insertOne(after));
      const { _id, stamp } = before;
      // With turns no stamp is needed, and on such servers a filter of more than the _id reads the whole collection.
      const { matchedCount } = await kept.replaceOne(atomic ? { _id, stamp } : { _id }, after);
      return matchedCount === 1;
    },
    delete: async (key) => {
      await kept.deleteOne({ _id: key });
    },
    expired: async (at, limit) => (await kept.find(ended(at), { projection: { _id: 1 }, limit, batchSize: limit }).toArray()).map(({ _id }) => _id),
    remove: async (keys, at) => {
      await kept.deleteMany({ _id: { $in: keys }, ...ended(at) });
    },
    index: () =>
      declareIndexes(
        kept,
        [
          { name: 'owner', key: { owner: 1, _id: 1 } },
          { name: 'expires', key: { expires: 1 } },
        ],
        scans,
      ),
  };
}

export function keptSecret({ key, value, version, owner, expires }: SecretRecord, stamp: string): KeptSecret {
  return { _id: key, value: JSON.stringify(value), version, owner, expires, stamp };
}

export function secretOf<T>({ _id, value, version, owner, expires }: KeptSecret): SecretRecord<T> {
  return { key: _id, value: JSON.parse(value), version, owner, expires };
}
