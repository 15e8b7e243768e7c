/** Opens the event bus that a URL names. */
import type { OutsideBroker } from '../../contracts/asyncapi.ts';
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

/**
 * The broker of a bus at this URL as services outside reach it: on the host of the installation's public URL, where the bus has its own name only
 * inside; with the port, protocol and virtual host of the bus. Null for the embedded bus, which nobody outside can hear.
 */
export function outsideBroker(url: string, publicUrl: string): OutsideBroker | null {
  if (!/^amqps?:/.test(url)) return null;
  const { protocol, port, pathname } = new URL(url);
  const isSecure = protocol === 'amqps:';
  return {
    host: `${new URL(publicUrl).hostname}:${port || (isSecure ? 5671 : 5672)}`,
    protocol: isSecure ? 'amqps' : 'amqp',
    pathname: pathname || '/',
  };
}
