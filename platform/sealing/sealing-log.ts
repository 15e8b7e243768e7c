/**
 * What the log itself remembers of its sealing, on `_sealing`: the fingerprint of each master key that its keys were wrapped with, and when all of it was
 * sealed. So a start knows the right secrets from others, and an erasure knows whether clear text may be left.
 */
import { randomUUID } from 'node:crypto';
import { NO_STREAM } from '../../contracts/message.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from '../followers/checkpoint-stream.ts';

const STREAM = '_sealing';

type SealingStore = Pick<EventStore, 'append' | 'readStream'>;

/** What is noted. */
export interface SealingNotes {
  /** The fingerprints of the master keys, the newest last; none where nothing was ever sealed. */
  masters: readonly string[];
  /** True where no event is clear that should be sealed. */
  whole: boolean;
}

type Note = { type: 'MasterKeyUsed'; data: { fingerprint: string } } | { type: 'LogSealed'; data: Record<string, never> };

/** Reads what is noted. Errors: those of the store. */
export async function sealingNotes(store: Pick<EventStore, 'readStream'>): Promise<SealingNotes> {
  return (await read(store)).notes;
}

async function read(store: Pick<EventStore, 'readStream'>): Promise<{ notes: SealingNotes; revision: number }> {
  const masters: string[] = [];
  let whole = false;
  let revision = NO_STREAM;
  for await (const page of store.readStream(STREAM)) {
    for (const event of page) {
      const { type, data } = event as unknown as Note;
      if (type === 'MasterKeyUsed') masters.push(data.fingerprint);
      else whole ||= type === 'LogSealed';
      revision = event.revision;
    }
  }
  return { notes: { masters, whole }, revision };
}

/** What is to be noted. */
interface ToNote {
  /** The fingerprint of the master that wraps from now on. */
  master?: string | undefined;
  /** True where all of the log is sealed. */
  whole?: boolean | undefined;
}

/** Notes what is not noted yet. Errors: those of the store. */
export async function noteSealing(store: SealingStore, note: ToNote): Promise<void> {
  const { notes, revision } = await read(store);
  const events = newsOf(notes, note).map((one) => ({ id: randomUUID(), ...one, metadata: metadata(STREAM) }));
  if (events.length === 0) return;
  try {
    await store.append(STREAM, revision, events);
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    await noteSealing(store, note);
  }
}

function newsOf(notes: SealingNotes, { master, whole }: ToNote): Note[] {
  const isNew = master !== undefined && notes.masters.at(-1) !== master;
  return [
    ...(isNew ? [{ type: 'MasterKeyUsed', data: { fingerprint: master } } as const] : []),
    ...(whole && !notes.whole ? [{ type: 'LogSealed', data: {} } as const] : []),
  ];
}
