/** Opens the event bus that a URL names. */
import type { EventBus } from './event-bus.ts';
import { openMemoryBus } from './memory/memory.ts';
import { openRabbitMqBus, type RabbitMqOptions } from './rabbitmq/rabbitmq.ts';

/** Opens the bus at a `memory:`, `amqp:` or `amqps:` URL with the table of all queues. Rejects for any other scheme, and with ServerRefused. */
export async function openEventBus(url: string, options: RabbitMqOptions): Promise<EventBus> {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  if (scheme === 'memory:') return openMemoryBus(options);
  if (scheme === 'amqp:' || scheme === 'amqps:') return openRabbitMqBus(url, options);
  throw new Error(`BUS_URL: there is no event bus for ${scheme || 'a URL without a scheme'} here; use memory: or amqp:`);
}
