/** For tests of what commands, queries or delivers: a real command handler on their store. */
import type { EventStore } from '../platform/event-store/event-store.ts';
import { commandHandler, type OpenCommandHandler } from '../write-side/handle-command.ts';

/** `hmac`: how bodies are hashed; by default they are not, so that a test can read them. */
export function commandsOn(store: EventStore, hmac = (text: string) => text): OpenCommandHandler {
  return commandHandler({ store, hmac, log: { warn: () => {} } });
}
