/** The keys of persons on the secrets: a record a person, wrapped by the master key, and a cache of seconds in each process. */
import { LRUCache } from 'lru-cache';
import {
  KEY_LIFE,
  KEY_USE,
  keyName,
  type OpeningKey,
  PersonKeyMissing,
  type PersonKeys,
  type SealingKey,
  type WantedKey,
} from '../../../platform/sealing/person-keys.ts';
import { hasOneKey, isNobody, SNAPSHOTS } from '../../../platform/sealing/person-reference.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { openErasureNotes } from './erasure-notes.ts';
import {
  destroyedRecord,
  isErasedForGood,
  keyRecord,
  keyRecords,
  type OpenedRecord,
  openedRecord,
  putKey,
  snapshotsNote,
  wasDestroyed,
  withNewKey,
} from './key-records.ts';
import type { MasterKeys } from './master-keys.ts';

export interface PersonKeysOptions {
  secrets: Secrets;
  masters: MasterKeys;
  /** Monotonic milliseconds; for tests. */
  clock?: () => number;
}

/** Keys that a process has at hand at most. */
const MOST = 20_000;

interface Known extends OpenedRecord {
  /** When the secrets were asked, by the monotonic clock. */
  at: number;
}

/** Opens the keys of persons. A master key must be there before the first key is made (MasterKeyMissing). */
export function openPersonKeys({ secrets, masters, clock = () => performance.now() }: PersonKeysOptions): PersonKeys {
  const known = new LRUCache<string, Known>({ max: MOST });
  /** Counts what was destroyed here: a read that began before must not bring a destroyed key back. */
  let destroyed = 0;

  function atHand(reference: string): Known | undefined {
    const found = known.get(reference);
    return found && clock() - found.at < KEY_LIFE ? found : undefined;
  }

  function keep(reference: string, opened: OpenedRecord, { at, during }: { at: number; during: number }): void {
    if (during === destroyed) known.set(reference, { ...opened, at });
  }

  /** What is known of these people: at hand, or as the secrets have it. Those without a record are missing in the answer. */
  async function look(people: readonly string[]): Promise<Map<string, OpenedRecord>> {
    const found = new Map<string, OpenedRecord>();
    const asked: string[] = [];
    for (const one of new Set(people)) {
      const here = atHand(one);
      if (here) found.set(one, here);
      else asked.push(one);
    }
    if (asked.length > 0) await read(asked, found);
    return found;
  }

  async function read(asked: readonly string[], into: Map<string, OpenedRecord>): Promise<void> {
    const since = { at: clock(), during: destroyed };
    for await (const page of keyRecords(secrets, asked)) {
      for (const record of page) {
        const opened = await openedRecord(record, masters);
        into.set(record.key, opened);
        keep(record.key, opened, since);
      }
    }
  }

  /** The key of somebody who has none: of several processes the first to put one wins, and all read that one. */
  async function made(reference: string): Promise<OpenedRecord> {
    const since = { at: clock(), during: destroyed };
    const before = await keyRecord(secrets, reference);
    const there = before && (await openedRecord(before, masters));
    if (there && isSettled(reference, there)) return there;
    const { record, opened } = withNewKey(reference, before?.value, await masters.current());
    if (!(await putKey(secrets, reference, record, before))) return made(reference);
    keep(reference, opened, since);
    return opened;
  }

  async function destroyOne(reference: string, note: string, closes: boolean): Promise<void> {
    const before = await keyRecord(secrets, reference);
    if (wasDestroyed(before?.value, note)) return;
    const after = destroyedRecord(before?.value, note, closes && !hasOneKey(reference));
    if (!(await putKey(secrets, reference, after, before))) await destroyOne(reference, note, closes);
  }

  async function destroy(people: readonly string[], note: string, closes = false): Promise<void> {
    const nobody = people.find(isNobody);
    if (nobody !== undefined) throw new Error(`${nobody} is no person: its key is not destroyed`);
    for (const reference of people) {
      await destroyOne(reference, note, closes);
      destroyed++;
      known.delete(reference);
    }
  }

  return {
    toSeal: async (people) => {
      const found = await look(people);
      const keys = new Map<string, SealingKey | null>();
      for (const one of new Set(people)) {
        const there = found.get(one);
        // Waiting for nothing costs as much as a part of the encryption.
        keys.set(one, (there && isSettled(one, there) ? there : await made(one)).live);
      }
      return keys;
    },
    toOpen: async (wanted) => {
      const found = await look(wanted.map(({ of }) => of));
      return new Map(wanted.map((one) => [keyName(one.of, one.generation), opening(one, found.get(one.of))]));
    },
    destroy,
    ...openErasureNotes(secrets, (reference) => known.delete(reference)),
    rotateSnapshots: (erasure, closes) => destroy([SNAPSHOTS], snapshotsNote(erasure), closes),
    settledAfter: KEY_LIFE + KEY_USE,
  };
}

/** True where it is known what seals for somebody: a key, or none, for ever or for now. */
function isSettled(reference: string, found: OpenedRecord): boolean {
  return found.live !== null || found.closed || isErasedForGood(reference, found);
}

function opening(wanted: WantedKey, found: OpenedRecord | undefined): OpeningKey {
  if (found?.live?.generation === wanted.generation) return found.live.key;
  if (found && (wanted.generation <= found.destroyedUpTo || isErasedForGood(wanted.of, found))) return 'destroyed';
  return new PersonKeyMissing(wanted);
}
