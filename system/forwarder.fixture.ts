/** A real forwarder from a test's store to its bus, with short waits after errors. */
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { type Forwarder, type ForwarderContext, startForwarder } from '../write-side/forwarder/forward.ts';

export function forwarding(store: EventStore, bus: EventBus, more: Partial<ForwarderContext> = {}): Forwarder {
  return startForwarder({ store, bus, log: { info: () => {}, warn: () => {} }, backoff: 1, ...more });
}
