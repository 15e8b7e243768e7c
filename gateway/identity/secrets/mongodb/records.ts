/** The records of one kind, as they are kept: one document a key, so that one read finds one. */

import type { MongoServer } from '../../../../platform/connections/mongodb/connect.ts';
import { declareIndexes } from '../../../../platform/connections/mongodb/indexes.ts';
import { unlessThere } from '../../../../platform/connections/mongodb/insert.ts';
import type { StillOurs } from '../../../../platform/connections/mongodb/turns.ts';
import type { SecretKind, SecretRecord } from '../secrets.ts';

export interface KeptSecret {
  /** Its key. */
  _id: string;
  /** JSON: whatever is in it, the server need not understand it. */
  value: string;
  version: number;
  owner: string;
  /** ISO 8601, UTC. */
  expires: string | null;
  /** Another one with each change. */
  stamp: string;
}

export interface KeptSecrets {
  one(key: string): Promise<KeptSecret | null>;
  ofOwner(owner: string): Promise<KeptSecret[]>;
  /** The next keys, in their order. */
  page(after: string, limit: number): Promise<KeptSecret[]>;
  /** Writes where there is still what was read (null: nothing); false when there is not. */
  write(before: KeptSecret | null, after: KeptSecret, stillOurs: StillOurs): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Keys of those that ended at this time or before. */
  expired(at: string, limit: number): Promise<string[]>;
  /** Removes those of them that still are. */
  remove(keys: string[], at: string): Promise<void>;
  /** Makes the indexes: by owner, and by end. */
  index(): Promise<void>;
}

export function secretsIn({ db, atomic, scans }: MongoServer, kind: SecretKind): KeptSecrets {
  const kept = db.collection<KeptSecret>(kind);
  // Texts only: not those that never end.
  const ended = (at: string) => ({ expires: { $gte: '', $lte: at } });

  return {
    one: (key) => kept.findOne({ _id: key }),
    ofOwner: (owner) => kept.find({ owner }, { sort: { _id: 1 } }).toArray(),
    page: (after, limit) => kept.find({ _id: { $gt: after } }, { sort: { _id: 1 }, limit, batchSize: limit }).toArray(),
    write: async (before, after, stillOurs) => {
      stillOurs();
      if (!before) return unlessThere(() => kept.insertOne(after));
      const { _id, stamp } = before;
      // Who has the turn needs no stamp, and a filter of more than the _id reads the whole collection there.
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
