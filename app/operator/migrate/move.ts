/**
 * Moves an installation from one pair of stores to another: the log as it is, but for what is sealed on its way, in its order, the bookkeeping that is of use there,
 * every secret; then compares both sides. Read models, cache and bus are made anew from the log.
 *
 * A move may be interrupted anywhere and run again: the target must then hold exactly the beginning of the source's data. The source is only read.
 */
import type { Secrets } from '../../../gateway/identity/secrets/secrets.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { noteSealing } from '../../../platform/sealing/sealing-log.ts';
import { openSealing } from '../../sealing.ts';
import { compareBookkeeping, copyBookkeeping } from './bookkeeping.ts';
import { compareEvents, copyEvents, type EventStores, type OnProgress } from './events.ts';
import { checkSecrets, compareSecrets, copySecrets } from './secrets.ts';
import { claim, handOver } from './target.ts';

/** The stores of an installation. */
export interface Stores {
  store: EventStore;
  secrets: Secrets;
}

/** The numbers of things that both sides have after a move. */
export interface Moved {
  events: number;
  /** The number of streams of bookkeeping. */
  bookkeeping: number;
  secrets: number;
}

/** Moves everything. Errors: `UserError` with one line where the target holds other data, or both sides differ in the end; those of the stores. */
export async function migrate(source: Stores, target: Stores, onProgress: OnProgress = () => {}): Promise<Moved> {
  await checkSecrets(source.secrets, target.secrets);
  await claim(target.store);
  // First, so that what is sealed on its way is sealed with the keys of this installation.
  await copySecrets(source.secrets, target.secrets);
  const log = await moveLog({ source: source.store, target: target.store }, target.secrets, onProgress);
  const secrets = await compareSecrets(source.secrets, target.secrets);
  await handOver(target.store);
  return { ...log, secrets };
}

/** Copies a log and its bookkeeping into a target that is claimed, seals what is clear, and compares both. Errors: as of `migrate`. */
export async function moveLog(stores: EventStores, secrets: Secrets, onProgress: OnProgress): Promise<Omit<Moved, 'secrets'>> {
  const { keys, hmac, masters } = await openSealing({ store: stores.target, secrets, signal: new AbortController().signal });
  const move = { ...stores, edge: { keys, hmac } };
  await copyEvents(move, onProgress);
  await copyBookkeeping(stores);
  const moved = { events: await compareEvents(move, onProgress), bookkeeping: await compareBookkeeping(stores) };
  await noteSealing(stores.target, { master: (await masters.pointer()) ?? undefined, whole: true });
  return moved;
}
