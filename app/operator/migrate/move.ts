/**
 * Moves an installation from one pair of stores to another: the log as it is, in its order, the bookkeeping that is of use there,
 * every secret; then compares both sides. Read models, cache and bus are made anew from the log.
 *
 * A move may be interrupted anywhere and run again: the target must then hold exactly the beginning of the source's data. The source is only read.
 */
import type { Secrets } from '../../../gateway/identity/secrets/secrets.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { compareBookkeeping, copyBookkeeping } from './bookkeeping.ts';
import { compareEvents, copyEvents, type OnProgress } from './events.ts';
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
  const stores = { source: source.store, target: target.store };
  await checkSecrets(source.secrets, target.secrets);
  await claim(target.store);
  await copyEvents(stores, onProgress);
  await copyBookkeeping(stores);
  await copySecrets(source.secrets, target.secrets);
  const moved = {
    events: await compareEvents(stores, onProgress),
    bookkeeping: await compareBookkeeping(stores),
    secrets: await compareSecrets(source.secrets, target.secrets),
  };
  await handOver(target.store);
  return moved;
}
