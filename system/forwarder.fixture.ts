/** For tests of what follows: a real forwarder from their store to their bus, impatient after errors. */
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { type Forwarder, type ForwarderContext, startForwarder } from '../write-side/forwarder/forward.ts';

export function forwarding(store: EventStore, bus: EventBus, more: Partial<ForwarderContext> = {}): Forwarder {
  return startForwarder({ store, bus, log: { info: () => {}, warn: () => {} }, backoff: 1, ...more });
}
