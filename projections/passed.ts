/**
 * The events that a read model passed since the release of then did not know them, by type and shape, on `_passed-<model>`: the release that knows one
 * has the model made anew, and whoever begins from the model waits for that. Else what an older release passed during an upgrade would stay missing.
 */
import { randomUUID } from 'node:crypto';
import { catalog, type EventShape, isKnown, isKnownShape, UnknownEvent } from '../contracts/catalog.ts';
import { isDeletion } from '../contracts/deletion.ts';
import { categoryOf, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { clearShape } from '../contracts/sealed.ts';
import { type EventStore, WrongExpectedRevision } from '../platform/event-store/event-store.ts';
import { metadata } from '../platform/followers/checkpoint-stream.ts';
import type { ModelSpec, ReadModels } from '../platform/read-models/read-models.ts';
import type { AnyProjector } from './projector.ts';

/** A type and shape that a generation of a model passed. A storage format. */
interface PassedShape extends EventShape {
  generation: number;
}

/** The shapes that a model passes, as they are met. */
export interface Passed {
  /** Remembers what of these events this release does not know, and the model may have to fold one day. */
  meet(events: readonly RecordedEvent[]): void;
  /** Writes down what was met and is not yet written for this generation; durable when it resolves. Errors: those of the store. */
  note(generation: number): Promise<void>;
}

/** The version that a model is said to have while it waits for its rebuild; a projector's is above. */
const WAITS_FOR_REBUILD = -1;
/** Kinds noted for a model and generation, at most. */
const MOST = 100;
/** Milliseconds for which the notes of a model are believed; the process that keeps the model reads them anew. */
const BELIEVED = 5_000;

const streamOf = ({ name }: Pick<ModelSpec, 'name'>) => `_passed-${name}`;
const kindOf = ({ stream, type, schema }: EventShape) => `${categoryOf(stream)} ${type} ${schema}`;

/** Opens the notes of a projector's model. */
export function openPassed(projector: Pick<AnyProjector, 'model' | 'events'>, store: Pick<EventStore, 'append' | 'readStream'>): Passed {
  const { model } = projector;
  const categories = new Set<string>(catalog.filter(({ events }) => projector.events.some((type) => type in events)).map(({ category }) => category));
  const met = new Map<string, EventShape>();
  const noted = new Set<string>();

  async function note(generation: number): Promise<void> {
    const news = [...met].filter(([kind]) => !noted.has(`${generation} ${kind}`));
    for (const [kind, shape] of news) {
      await append(store, streamOf(model), { ...shape, generation });
      noted.add(`${generation} ${kind}`);
    }
  }

  return {
    meet: (events) => {
      for (const event of events) {
        if (met.size >= MOST || isKnown(asOpened(event)) || isDeletion(event) || !categories.has(categoryOf(event.stream))) continue;
        const { shape } = new UnknownEvent(event);
        met.set(kindOf(shape), shape);
      }
    },
    note,
  };
}

/** An event that a lean read has left sealed, in the shape that it has when it is opened. */
function asOpened(event: RecordedEvent): Pick<RecordedEvent, 'stream' | 'type' | 'metadata'> {
  const { stream, type, metadata: its } = event;
  return { stream, type, metadata: { ...its, schema: clearShape(its.schema) } };
}

/** True where a generation of a model passed events that this release knows. Errors: those of the store. */
export async function lacksKnown(store: Pick<EventStore, 'readStream'>, model: ModelSpec, generation: number): Promise<boolean> {
  for await (const page of store.readStream(streamOf(model))) {
    for (const { data } of page) {
      const passed = data as PassedShape;
      if (passed.generation === generation && isKnownShape(passed)) return true;
    }
  }
  return false;
}

/**
 * The read models, of which one that lacks events which this release knows is said to be of another version: it waits for its rebuild. Documents are read
 * as ever.
 */
export function waitingWherePassed(readModels: ReadModels, store: Pick<EventStore, 'readStream'>): ReadModels {
  const believed = new Map<string, { lacks: Promise<boolean>; since: number }>();

  function lacks(model: ModelSpec, generation: number): Promise<boolean> {
    const name = `${model.name} ${generation}`;
    const known = believed.get(name);
    if (known && performance.now() - known.since < BELIEVED) return known.lacks;
    const asked = { lacks: lacksKnown(store, model, generation), since: performance.now() };
    asked.lacks.catch(() => believed.delete(name));
    believed.set(name, asked);
    return asked.lacks;
  }

  return {
    ...readModels,
    state: async (model, ...generation) => {
      const state = await readModels.state(model, ...generation);
      return state && (await lacks(model, state.generation)) ? { ...state, version: WAITS_FOR_REBUILD } : state;
    },
  };
}

async function append(store: Pick<EventStore, 'append' | 'readStream'>, stream: string, data: PassedShape): Promise<void> {
  for (;;) {
    try {
      await store.append(stream, await revisionOf(store, stream), [{ id: randomUUID(), type: 'EventsPassed', data, metadata: metadata(stream) }]);
      return;
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}

async function revisionOf(store: Pick<EventStore, 'readStream'>, stream: string): Promise<number> {
  for await (const [last] of store.readStream(stream, { direction: 'backwards', limit: 1 })) return last?.revision ?? NO_STREAM;
  return NO_STREAM;
}
