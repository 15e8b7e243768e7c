/** New events for tests of the store, each unlike any other. */
import { randomUUID } from 'node:crypto';
import { exampleEvent } from '../../contracts/catalog.ts';
import type { NewEvent } from '../../contracts/message.ts';

/** Makes a new event; `data` is for tests that look at it. */
export function anEvent(data: unknown = { nonce: randomUUID() }): NewEvent {
  const { metadata, type } = exampleEvent('TaskCreated');
  return { id: randomUUID(), type, data, metadata };
}
