/** What a start does about the keys that the log is sealed with: the right master key must be there before anything is opened or sealed. */
import { setTimeout as delay } from 'node:timers/promises';
import { START } from '../contracts/message.ts';
import { loadHmac } from '../gateway/identity/keys.ts';
import { type MasterKeys, openMasterKeys } from '../gateway/identity/person-keys/master-keys.ts';
import { openPersonKeys } from '../gateway/identity/person-keys/person-keys.ts';
import type { Secrets } from '../gateway/identity/secrets/secrets.ts';
import { Unavailable } from '../platform/absences/unavailable.ts';
import { openErasureList } from '../platform/erasing/erasure-list.ts';
import { openErasureRecords } from '../platform/erasing/erasure-record.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { MasterKeyMissing, type PersonKeys } from '../platform/sealing/person-keys.ts';
import type { EdgeContext } from '../platform/sealing/sealed-store.ts';
import { noteSealing, type SealingNotes, sealingNotes } from '../platform/sealing/sealing-log.ts';
import { UserError } from '../platform/user-error.ts';
import { destroyKeysAgain } from './erasing/destroy-again.ts';

/** What the edge of the store needs, and what is said of the log. */
export interface OpenedSealing extends EdgeContext {
  keys: PersonKeys;
  masters: MasterKeys;
  /** False where the log has events that an older release wrote clear. */
  whole: boolean;
  /** The number of people who were erased, and whose keys an older backup of the secrets had brought back. */
  destroyedAgain: number;
}

export interface SealingOptions {
  /** The store as it is, without its edge. */
  store: EventStore;
  secrets: Secrets;
  /** Ends the waiting for servers. */
  signal: AbortSignal;
}

/** Milliseconds between two tries while a server is away. */
const AGAIN = 500;

/**
 * Opens the keys that the log is sealed with. The master key of an installation is made, and noted in the log, before anything is sealed; a start whose log
 * names a master that the secrets do not hold is refused, and nothing is written. Keys of whom the log calls erased are destroyed again before anything is
 * opened. Servers that are away are waited for. Error: `UserError`.
 */
export async function openSealing({ store, secrets, signal }: SealingOptions): Promise<OpenedSealing> {
  const masters = openMasterKeys(secrets);
  const notes = await soon(() => checked(store, masters), signal);
  const isNew = notes.masters.length === 0 && (await soon(() => store.head(), signal)) === START;
  const hmac = await soon(() => loadHmac(secrets), signal);
  const keys = openPersonKeys({ secrets, masters });
  const destroyedAgain = await soon(() => destroyKeysAgain({ list: openErasureList(store), records: openErasureRecords(store), keys }), signal);
  const begin = untilDone(async () => {
    if (notes.masters.length === 0 && (await masters.pointer()) === null) await masters.make(null);
    // A log whose first event is sealed has no clear one.
    await noteSealing(store, { master: (await masters.current()).id, whole: isNew });
  });
  const toSeal: PersonKeys['toSeal'] = async (people) => {
    await begin();
    return keys.toSeal(people);
  };
  return { keys: { ...keys, toSeal }, masters, hmac, whole: notes.whole || isNew, destroyedAgain };
}

/** Work that is done once; where it fails, the next call does it. */
function untilDone(work: () => Promise<void>): () => Promise<void> {
  let doing: Promise<void> | undefined;
  return () => {
    doing ??= work().catch((error: unknown) => {
      doing = undefined;
      throw error;
    });
    return doing;
  };
}

async function soon<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MasterKeyMissing || !(error instanceof Unavailable)) throw error;
      await delay(AGAIN, undefined, { signal });
    }
  }
}

async function checked(store: EventStore, masters: MasterKeys): Promise<SealingNotes> {
  const notes = await sealingNotes(store);
  const pointer = await masters.pointer();
  const named = notes.masters.at(-1) ?? pointer;
  if (named !== null) await expectMaster(named, pointer, masters);
  return notes;
}

/** Makes sure that the master which the log names is there, and the one that wraps now. Error: `UserError`. */
export async function expectMaster(named: string, pointer: string | null, masters: MasterKeys): Promise<void> {
  try {
    await masters.byId(named);
    if (pointer === null) throw new MasterKeyMissing(named);
    await masters.byId(pointer);
  } catch (cause) {
    if (!(cause instanceof MasterKeyMissing)) throw cause;
    const there = pointer === null || pointer === named ? '' : ` They hold ${pointer}, which is another one.`;
    throw new UserError(
      `The log is sealed with keys under the master key ${named}, and the secrets (SECRETS_URL, secrets.db) do not hold it.${there} Put back the newest backup of the secrets that belongs to this log. Nothing was changed.`,
      { cause },
    );
  }
}
