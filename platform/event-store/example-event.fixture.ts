/** New events for tests of the store, each unlike any other. */
import { randomUUID } from 'node:crypto';
import { exampleEvent } from '../../contracts/catalog.ts';
import type { NewEvent } from '../../contracts/message.ts';

/** A new event; `data` where the test is about it. */
export function anEvent(data: unknown = { nonce: randomUUID() }): NewEvent {
  const { metadata, type } = exampleEvent('TaskCreated');
  return { id: randomUUID(), type, data, metadata };
}
