/** What erasures have noted on the records of keys: what each has destroyed, and what it has closed until its end. */
import type { KeysOfErasure, PersonKeys } from '../../../platform/sealing/person-keys.ts';
import { SNAPSHOTS } from '../../../platform/sealing/person-reference.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { closedRecords, freedRecord, type KeyRecord, keyRecord, keyRecords, putKey, snapshotsNote, wasDestroyed } from './key-records.ts';

/** What an erasure notes on a key. */
interface Note {
  reference: string;
  note: string;
}

/** Opens the notes; `drop` forgets what the process has of a key. */
export function openErasureNotes(
  secrets: Pick<Secrets, 'get' | 'put' | 'some' | 'list'>,
  drop: (reference: string) => void,
): Pick<PersonKeys, 'free' | 'freeAllBut' | 'notDestroyed'> {
  async function freeOne({ reference, note }: Note): Promise<void> {
    const before = await keyRecord(secrets, reference);
    const after = before && freedRecord(before.value, note);
    if (after && !(await putKey(secrets, reference, after, before))) return freeOne({ reference, note });
    drop(reference);
  }

  return {
    free: async (erasures) => {
      const notes = erasures.flatMap(notesOf);
      const records = await recordsOf(
        secrets,
        notes.map(({ reference }) => reference),
      );
      for (const one of notes) if (records.get(one.reference)?.closed) await freeOne(one);
    },
    freeAllBut: async (open) => {
      const closed = await closedRecords(secrets);
      // Asked for after them: whatever has closed one by then was begun before.
      const own = closed.length === 0 ? new Set() : new Set((await open()).flatMap((one) => [one.at, snapshotsNote(one)]));
      const notes = closed.flatMap(({ key, value }) => (value.closed ?? []).map((note) => ({ reference: key, note })));
      for (const one of notes.filter(({ note }) => !own.has(note))) await freeOne(one);
    },
    notDestroyed: async (erasures) => {
      const records = await recordsOf(secrets, [SNAPSHOTS, ...erasures.flatMap(({ keys }) => keys)]);
      return erasures.filter((one) => withoutNote(one, records).length > 0);
    },
  };
}

/** What an erasure notes, and on which keys. The release before noted the time alone on the key of snapshots, too. */
function notesOf(erasure: KeysOfErasure): Note[] {
  const { keys, at } = erasure;
  return [{ reference: SNAPSHOTS, note: snapshotsNote(erasure) }, ...[SNAPSHOTS, ...keys].map((reference) => ({ reference, note: at }))];
}

/** The references among the keys of an erasure, and that of snapshots, that lack its note: some key may still be there. Error: SecretsUnavailable. */
export async function keysWithoutNote(secrets: Pick<Secrets, 'some'>, erasure: KeysOfErasure): Promise<string[]> {
  return withoutNote(erasure, await recordsOf(secrets, [SNAPSHOTS, ...erasure.keys]));
}

async function recordsOf(secrets: Pick<Secrets, 'some'>, references: readonly string[]): Promise<Map<string, KeyRecord>> {
  const found = new Map<string, KeyRecord>();
  for await (const page of keyRecords(secrets, [...new Set(references)])) for (const { key, value } of page) found.set(key, value);
  return found;
}

/** Those without the note of this erasure; on that of snapshots the time alone may stand, too. */
function withoutNote(erasure: KeysOfErasure, records: ReadonlyMap<string, KeyRecord>): string[] {
  const { keys, at } = erasure;
  const isNoted = [snapshotsNote(erasure), at].some((note) => wasDestroyed(records.get(SNAPSHOTS), note));
  return [...(isNoted ? [] : [SNAPSHOTS]), ...keys.filter((reference) => !wasDestroyed(records.get(reference), at))];
}
