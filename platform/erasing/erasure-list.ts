/**
 * The list of erasures: the bookkeeping stream `_erasures`, which every process reads on, so that each hears within a moment of a person who is erased.
 * It is short: three small events for each person, and no reader goes back.
 */
import { randomUUID } from 'node:crypto';
import { NO_STREAM } from '../../contracts/message.ts';
import { mutex } from '../concurrency/mutex.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';
import { metadata } from '../followers/checkpoint-stream.ts';

const STREAM = '_erasures';

/** An entry of the list. A storage format. */
export type ErasureEntry =
  | { state: 'begun'; person: string; by: string; at: string }
  /** No process can have a key of the person any more. `keys`: the references of all of them, to be destroyed again where an older backup has them. */
  | { state: 'forgotten'; person: string; keys: readonly string[]; at: string }
  | { state: 'certified'; person: string; at: string };

/** The references of a person's keys, and the time that was noted when they were destroyed. */
export interface DestroyedKeys {
  keys: readonly string[];
  at: string;
}

export interface ListedErasure {
  person: string;
  by: string;
  at: string;
  /** The destroyed keys, once no process can have one; null before. */
  destroyed: DestroyedKeys | null;
  certified: boolean;
}

export interface ErasureList {
  /** Reads on. */
  readOn(): Promise<void>;
  get(person: string): ListedErasure | undefined;
  /** Those that are not certified, in the order of their beginnings. */
  open(): ListedErasure[];
  /** The destroyed keys of everybody who is forgotten, by person. */
  destroyed(): ReadonlyMap<string, DestroyedKeys>;
  /** Adds an entry, but for one that is there already. */
  add(entry: ErasureEntry): Promise<void>;
}

/** Opens the list; nothing is read before `readOn`. Errors of its functions: those of the store. */
export function openErasureList(store: Pick<EventStore, 'append' | 'readStream'>): ErasureList {
  const known = new Map<string, ListedErasure>();
  const open = new Map<string, ListedErasure>();
  const destroyed = new Map<string, DestroyedKeys>();
  const inTurn = mutex();
  let revision = NO_STREAM;

  async function readFrom(): Promise<void> {
    for await (const page of store.readStream(STREAM, { from: revision + 1 })) {
      for (const event of page) {
        take(event.data as ErasureEntry);
        revision = event.revision;
      }
    }
  }

  function take(entry: ErasureEntry): void {
    const { person } = entry;
    const next = after(known.get(person), entry);
    if (!next) return;
    known.set(person, next);
    if (next.destroyed) destroyed.set(person, next.destroyed);
    if (next.certified) open.delete(person);
    else open.set(person, next);
  }

  async function add(entry: ErasureEntry): Promise<void> {
    await readFrom();
    if (isListed(known.get(entry.person), entry)) return;
    try {
      await store.append(STREAM, revision, [{ id: randomUUID(), type: 'ErasureListed', data: entry, metadata: metadata(STREAM) }]);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
      return add(entry);
    }
    await readFrom();
  }

  return {
    readOn: () => inTurn(readFrom),
    add: (entry) => inTurn(() => add(entry)),
    get: (person) => known.get(person),
    open: () => [...open.values()],
    destroyed: () => destroyed,
  };
}

function isListed(found: ListedErasure | undefined, { state }: ErasureEntry): boolean {
  if (!found) return false;
  if (state === 'forgotten') return found.destroyed !== null;
  return state === 'begun' || found.certified;
}

/** What is known of a person after an entry; null where it says nothing new. */
function after(found: ListedErasure | undefined, entry: ErasureEntry): ListedErasure | null {
  if (isListed(found, entry)) return null;
  if (entry.state === 'begun') return { person: entry.person, by: entry.by, at: entry.at, destroyed: null, certified: false };
  if (!found) return null;
  return entry.state === 'forgotten' ? { ...found, destroyed: { keys: entry.keys, at: entry.at } } : { ...found, certified: true };
}
