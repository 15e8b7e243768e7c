/** A real command handler on a test's store. */
import type { EventStore } from '../platform/event-store/event-store.ts';
import { commandHandler, type OpenCommandHandler } from '../write-side/handle-command.ts';

/** Makes a command handler. `hmac`: hashes the bodies; by default it returns them as they are, so that a test can read them. */
export function commandsOn(store: EventStore, hmac = (text: string) => text): OpenCommandHandler {
  return commandHandler({ store, hmac, log: { warn: () => {} } });
}
