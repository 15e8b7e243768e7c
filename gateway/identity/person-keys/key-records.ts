/** The record of a person's key in the secrets: a wrapped key, or the note that it was destroyed, which stays for good. */
import type { KeyObject } from 'node:crypto';
import { type KeysOfErasure, MasterKeyMissing } from '../../../platform/sealing/person-keys.ts';
import { hasOneKey, userIn } from '../../../platform/sealing/person-reference.ts';
import type { SecretRecord, Secrets } from '../secrets/secrets.ts';
import type { MasterKey, MasterKeys } from './master-keys.ts';
import { newKey, unwrap, wrap } from './wrapping.ts';

/** A record of the kind `person-keys`; its key is the reference of the person. */
export interface KeyRecord {
  /** The key that seals now; missing where all were destroyed. */
  live?: { generation: number; wrapped: string; master: string } | undefined;
  /** The generation up to which keys were destroyed, and what was noted of it, one for each erasure: its time (ISO 8601), or `snapshotsNote`. */
  destroyed?: { upTo: number; at: readonly string[] } | undefined;
  /** The notes of the erasures until whose end it gets no other key; missing for none. */
  closed?: readonly string[] | undefined;
}

const KIND = 'person-keys';
/** Records asked for at once. */
const CHUNK = 1_000;
/** The owner of records that are closed, by which they are found. */
const CLOSED = 'closed';

/** The record of a key; null for none. */
export function keyRecord(secrets: Pick<Secrets, 'get'>, reference: string): Promise<SecretRecord<KeyRecord> | null> {
  return secrets.get<KeyRecord>(KIND, reference);
}

/** The records of these keys, where there are any, a page after the other. */
export async function* keyRecords(secrets: Pick<Secrets, 'some'>, references: readonly string[]): AsyncGenerator<SecretRecord<KeyRecord>[]> {
  for (let from = 0; from < references.length; from += CHUNK) yield await secrets.some<KeyRecord>(KIND, references.slice(from, from + CHUNK));
}

/** The records of keys that are closed. */
export function closedRecords(secrets: Pick<Secrets, 'list'>): Promise<SecretRecord<KeyRecord>[]> {
  return secrets.list<KeyRecord>(KIND, CLOSED);
}

/** Writes the record of a key where it is still as `before`; false where somebody else was faster. */
export function putKey(secrets: Pick<Secrets, 'put'>, reference: string, value: KeyRecord, before: SecretRecord | null): Promise<boolean> {
  const owner = userIn(reference) ?? (value.closed ? CLOSED : 'installation');
  return secrets.put(KIND, { key: reference, value, owner }, before?.version ?? 0);
}

/** A key as this process has it at hand, or what is known instead of it. */
export interface OpenedRecord {
  live: { generation: number; key: KeyObject } | null;
  /** 0 where none was destroyed. */
  destroyedUpTo: number;
  /** True while it gets no other key. */
  closed: boolean;
}

/** What an erasure notes on the key of snapshots, which all erasures renew, also several at the same time. */
export const snapshotsNote = ({ person, at }: Pick<KeysOfErasure, 'person' | 'at'>) => `${at} ${person}`;

const timeIn = (note: string) => Date.parse(note.split(' ', 1)[0] ?? '');

const boundTo = (reference: string, generation: number) => `person key\n${reference}\n${generation}`;

/** The record with a new key, whose generation is behind all that there were. */
export function withNewKey(reference: string, before: KeyRecord | undefined, master: MasterKey): { record: KeyRecord; opened: OpenedRecord } {
  const destroyedUpTo = before?.destroyed?.upTo ?? 0;
  const [generation, key] = [destroyedUpTo + 1, newKey()];
  const live = { generation, wrapped: wrap(key, master.key, boundTo(reference, generation)), master: master.id };
  return { record: { ...before, live }, opened: { live: { generation, key }, destroyedUpTo, closed: false } };
}

/**
 * The record without its keys. Where there was none, or an older one from a backup, the time stands for the number: it is beyond all generations that
 * there can have been.
 */
export function destroyedRecord(before: KeyRecord | undefined, note: string, closes: boolean): KeyRecord {
  const upTo = before?.live?.generation ?? before?.destroyed?.upTo ?? timeIn(note);
  const closed = [...(before?.closed ?? []), ...(closes ? [note] : [])];
  return { destroyed: { upTo, at: [...(before?.destroyed?.at ?? []), note] }, ...(closed.length > 0 ? { closed } : {}) };
}

/** The record without what that erasure closed; undefined where it has closed nothing. */
export function freedRecord({ closed = [], ...record }: KeyRecord, note: string): KeyRecord | undefined {
  if (!closed.includes(note)) return undefined;
  const others = closed.filter((one) => one !== note);
  return others.length > 0 ? { ...record, closed: others } : record;
}

/** True where a key was destroyed with this note already: one that was made since belongs to whoever has the address now. */
export function wasDestroyed(record: KeyRecord | undefined, note: string): boolean {
  return record?.destroyed?.at.includes(note) === true;
}

/** True for a person who never gets a key again: a user, or who came by a visit, whose key was destroyed. */
export function isErasedForGood(reference: string, { destroyedUpTo }: Pick<OpenedRecord, 'destroyedUpTo'>): boolean {
  return destroyedUpTo > 0 && hasOneKey(reference);
}

/** Unwraps the key in a record. Error: MasterKeyMissing, also where the master does not open it. */
export async function openedRecord({ key: reference, value }: SecretRecord<KeyRecord>, masters: MasterKeys): Promise<OpenedRecord> {
  const destroyedUpTo = value.destroyed?.upTo ?? 0;
  const closed = value.closed !== undefined;
  if (!value.live) return { live: null, destroyedUpTo, closed };
  const { generation, wrapped, master } = value.live;
  const key = unwrap(wrapped, (await masters.byId(master)).key, boundTo(reference, generation));
  if (!key) throw new MasterKeyMissing(master);
  return { live: { generation, key }, destroyedUpTo, closed };
}

/** The record with its key wrapped by another master; undefined where it is already, or holds none. */
export async function wrappedAnew(record: SecretRecord<KeyRecord>, to: MasterKey, masters: MasterKeys): Promise<KeyRecord | undefined> {
  if (!record.value.live || record.value.live.master === to.id) return undefined;
  const { live } = await openedRecord(record, masters);
  if (!live) return undefined;
  const wrapped = wrap(live.key, to.key, boundTo(record.key, live.generation));
  return { ...record.value, live: { generation: live.generation, wrapped, master: to.id } };
}
