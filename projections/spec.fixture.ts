/** Specifications of projectors: given events, then a document; or the last event is out of place. */
import { expect } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import type { Document } from '../platform/read-models/read-models.ts';
import { type Folded, OutOfPlace, type Projector } from './projector.ts';

/** An event of a test: its data over those of the type's example, and its actor. */
export interface Given {
  type: string;
  data?: object;
  actor?: string;
}

/** Events of one stream: revisions from 0, a minute apart from 09:00. */
export function stream(...given: Given[]): RecordedEvent[] {
  return given.map(({ type, data, actor }, revision) => {
    const example = exampleEvent(type);
    return {
      ...example,
      revision,
      position: String(revision + 1).padStart(16, '0'),
      time: minute(revision),
      data: { ...(example.data as object), ...data },
      metadata: { ...example.metadata, ...(actor ? { actor } : {}) },
    };
  });
}

/** The time of the event at a revision. */
export function minute(revision: number): string {
  return new Date(Date.UTC(2026, 10, 21, 9, revision)).toISOString();
}

/** The document after these events. */
export function folded<D extends Document>(projector: Projector<D>, events: readonly RecordedEvent[]): Folded<D> {
  return events.reduce<Folded<D>>((document, event) => projector.evolve(document, event), undefined);
}

/** `given(taskList, …events).becomes({…fields})`, `.thenNothing()` (a tombstone), or `.outOfPlace()`. */
export function given<D extends Document>(projector: Projector<D>, ...events: Given[]) {
  return {
    becomes: (expected: Partial<D>) => expect(folded(projector, stream(...events))).toMatchObject(expected),
    thenNothing: () => expect(folded(projector, stream(...events))).toBeNull(),
    outOfPlace: () => expect(() => folded(projector, stream(...events))).toThrow(OutOfPlace),
  };
}
