/** Opens the event bus that a URL names. */
import type { EventBus } from './event-bus.ts';
import { type MemoryBusOptions, openMemoryBus } from './memory.ts';

/** `memory:`. Rejects where the scheme is another one. */
export async function openEventBus(url: string, options: MemoryBusOptions): Promise<EventBus> {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  if (scheme === 'memory:') return openMemoryBus(options);
  throw new Error(`BUS_URL: there is no event bus for ${scheme || 'a URL without a scheme'} here; use memory:`);
}
