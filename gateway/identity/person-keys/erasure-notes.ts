/** What erasures have noted on the records of keys: what each has destroyed, and what it has closed until its end. */
import type { KeysOfErasure, PersonKeys } from '../../../platform/sealing/person-keys.ts';
import { SNAPSHOTS, userIn } from '../../../platform/sealing/person-reference.ts';
import type { SecretRecord, Secrets } from '../secrets/secrets.ts';
import { freedRecord, type KeyRecord, snapshotsNote, wasDestroyed } from './key-records.ts';

/** What an erasure notes on a key. */
interface Note {
  reference: string;
  note: string;
}

export const KIND = 'person-keys';
/** Records asked for at once. */
export const CHUNK = 1_000;
/** The owner of records that are closed, by which they are found. */
const CLOSED = 'closed';

/** Writes the record of a key where it is still as `before`; false where somebody else was faster. */
export function putKey(secrets: Pick<Secrets, 'put'>, reference: string, value: KeyRecord, before: SecretRecord | null): Promise<boolean> {
  const owner = userIn(reference) ?? (value.closed ? CLOSED : 'installation');
  return secrets.put(KIND, { key: reference, value, owner }, before?.version ?? 0);
}

/** Opens the notes; `drop` forgets what the process has of a key. */
export function openErasureNotes(
  secrets: Pick<Secrets, 'get' | 'put' | 'some' | 'list'>,
  drop: (reference: string) => void,
): Pick<PersonKeys, 'free' | 'freeAllBut' | 'notDestroyed'> {
  async function freeOne({ reference, note }: Note): Promise<void> {
    const before = await secrets.get<KeyRecord>(KIND, reference);
    const after = before && freedRecord(before.value, note);
    if (after && !(await putKey(secrets, reference, after, before))) return freeOne({ reference, note });
    drop(reference);
  }

  async function recordsOf(references: readonly string[]): Promise<Map<string, KeyRecord>> {
    const [asked, found] = [[...new Set(references)], new Map<string, KeyRecord>()];
    for (let from = 0; from < asked.length; from += CHUNK)
      for (const { key, value } of await secrets.some<KeyRecord>(KIND, asked.slice(from, from + CHUNK))) found.set(key, value);
    return found;
  }

  return {
    free: async (erasures) => {
      const notes = erasures.flatMap(notesOf);
      const records = await recordsOf(notes.map(({ reference }) => reference));
      for (const one of notes) if (records.get(one.reference)?.closed) await freeOne(one);
    },
    freeAllBut: async (open) => {
      const closed = await secrets.list<KeyRecord>(KIND, CLOSED);
      // Asked for after them: whatever has closed one by then was begun before.
      const own = closed.length === 0 ? new Set() : new Set((await open()).flatMap((one) => [one.at, snapshotsNote(one)]));
      const notes = closed.flatMap(({ key, value }) => (value.closed ?? []).map((note) => ({ reference: key, note })));
      for (const one of notes.filter(({ note }) => !own.has(note))) await freeOne(one);
    },
    notDestroyed: async (erasures) => {
      const records = await recordsOf([SNAPSHOTS, ...erasures.flatMap(({ keys }) => keys)]);
      return erasures.filter((one) => !areDestroyed(one, records));
    },
  };
}

/** What an erasure notes, and on which keys. The release before noted the time alone on the key of snapshots, too. */
function notesOf(erasure: KeysOfErasure): Note[] {
  const { keys, at } = erasure;
  return [{ reference: SNAPSHOTS, note: snapshotsNote(erasure) }, ...[SNAPSHOTS, ...keys].map((reference) => ({ reference, note: at }))];
}

/** True where all keys have the note of this erasure; on that of snapshots the time alone may stand, too. */
function areDestroyed(erasure: KeysOfErasure, records: ReadonlyMap<string, KeyRecord>): boolean {
  const { keys, at } = erasure;
  const isNoted = [snapshotsNote(erasure), at].some((note) => wasDestroyed(records.get(SNAPSHOTS), note));
  return isNoted && keys.every((reference) => wasDestroyed(records.get(reference), at));
}
