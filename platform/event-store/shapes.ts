/**
 * The types and shapes of events that were ever written into a store, on `_shapes`: so that an older release knows, before it does anything, that there
 * is something in the log which it does not know (invariant 17). One is noted before its first event is appended.
 */
import { randomUUID } from 'node:crypto';
import { eventContract } from '../../contracts/catalog.ts';
import { isForwardable, type NewEvent, NO_STREAM } from '../../contracts/message.ts';
import { isOurs } from '../../contracts/ours.ts';
import { clearShape } from '../../contracts/sealed.ts';
import { mutex } from '../concurrency/mutex.ts';
import { metadata } from '../followers/checkpoint-stream.ts';
import { AppendUnknown, type EventStore, StoreUnavailable, WrongExpectedRevision } from './event-store.ts';

/** A type of event in one of its shapes. */
export interface WrittenShape {
  type: string;
  /** The version of the shape, from 1. */
  schema: number;
}

const STREAM = '_shapes';
/** The note that all of the log is noted, also what was written before there were notes. */
const WHOLE: WrittenShape = { type: '*', schema: 0 };
/** Types and shapes that are noted at most: a store has some dozens. */
const MOST = 10_000;

const keyOf = ({ type, schema }: WrittenShape) => `${type} ${schema}`;
const shapeOf = ({ type, metadata: its }: Pick<NewEvent, 'type' | 'metadata'>): WrittenShape => ({ type, schema: its?.schema ?? 0 });

/** The store, which notes each type and shape before the first event of it is appended. Errors of `append`: as the store's. */
export function notingShapes(store: EventStore): EventStore {
  const noted = openNotes(store);
  return {
    ...store,
    append: async (stream, expected, events, options) => {
      // What is not ours in a shared store is nobody's release.
      if (isForwardable(stream)) await noted.note(events.filter((event) => isOurs({ stream, ...event })).map(shapeOf));
      return store.append(stream, expected, events, options);
    },
  };
}

/** The types and shapes noted in a store that this release does not know. Errors: those of the store. */
export async function unknownShapes(store: EventStore): Promise<WrittenShape[]> {
  return (await openNotes(store).all()).filter(isUnknown);
}

/** Notes what is in a log that an older release wrote: reads all of it, once. Resolves to true where it did. Errors: those of the store. */
export async function noteOlderLog(store: EventStore): Promise<boolean> {
  const noted = openNotes(store);
  if ((await noted.all()).some(({ type }) => type === WHOLE.type)) return false;
  await noted.note([...(await shapesIn(store)), WHOLE]);
  return true;
}

function isUnknown({ type, schema }: WrittenShape): boolean {
  return clearShape(schema) > (eventContract(type)?.version ?? 0);
}

async function shapesIn(store: EventStore): Promise<WrittenShape[]> {
  const found = new Map<string, WrittenShape>();
  for await (const page of store.readAll({ lean: true })) {
    for (const shape of page.map(shapeOf)) if (found.size < MOST) found.set(keyOf(shape), shape);
  }
  return [...found.values()];
}

function openNotes(store: EventStore) {
  const known = new Map<string, WrittenShape>();
  const exclusively = mutex();
  let revision = NO_STREAM;

  async function readOn(): Promise<void> {
    for await (const page of store.readStream(STREAM, { from: revision + 1 })) {
      for (const event of page) {
        const shape = event.data as WrittenShape;
        known.set(keyOf(shape), shape);
        revision = event.revision;
      }
    }
  }

  const newOf = (shapes: readonly WrittenShape[]) =>
    [...new Map(shapes.map((one) => [keyOf(one), one])).values()].filter((one) => !known.has(keyOf(one)));

  /** Notes what is new; where another process notes at the same time, again behind it. */
  async function noteNew(shapes: readonly WrittenShape[]): Promise<void> {
    while (newOf(shapes).length > 0) {
      await readOn();
      const fresh = newOf(shapes);
      if (fresh.length === 0 || known.size >= MOST) return;
      await store.append(STREAM, revision, fresh.map(noteOf)).catch(forgiveLostRace);
    }
  }

  return {
    note: async (shapes: readonly WrittenShape[]): Promise<void> => {
      if (newOf(shapes).length > 0) await exclusively(() => noteNew(shapes));
    },
    all: async (): Promise<WrittenShape[]> => {
      await readOn();
      return [...known.values()];
    },
  };
}

function forgiveLostRace(error: unknown): void {
  if (error instanceof AppendUnknown) throw new StoreUnavailable('The event store did not answer; nothing was recorded.', { cause: error });
  if (!(error instanceof WrongExpectedRevision)) throw error;
}

function noteOf(shape: WrittenShape): NewEvent {
  return { id: randomUUID(), type: 'ShapeWritten', data: shape, metadata: metadata(STREAM) };
}
