/** The ports around the projections, opened in their own folder. */
import { vi } from 'vitest';
import { isKnown } from '../contracts/catalog.ts';
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { Cache } from '../platform/cache/cache.ts';
import { openCache } from '../platform/cache/open.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import type { ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { type Projections, startProjections } from '../projections/project.ts';
import type { AnyProjector } from '../projections/projector.ts';
import { projectors as all } from '../projections/projectors.ts';
import { openLog, SILENT } from './open-log.fixture.ts';

export const log = SILENT;

export interface Rig {
  store: EventStore;
  bus: EventBus;
  /** Opens a new, empty store of read models. */
  readModels(): Promise<ReadModels>;
  /** Starts projections of this store, which stop with the rig. Resolves once every missing read model is built. */
  project(options?: ProjectOptions): Promise<Projected>;
  close(): Promise<void>;
}

export interface ProjectOptions {
  readModels?: ReadModels;
  cache?: Cache;
  projectors?: readonly AnyProjector[];
}

export interface Projected extends Projections {
  readModels: ReadModels;
  cache: Cache;
  /** Resolves when every read model is at the log's end. */
  caughtUp(): Promise<void>;
  /** Resolves to every document of a read model, as text. */
  documents(projector: AnyProjector): Promise<string>;
}

/** Opens store, bus and forwarder. `url`: the store's; default: an embedded one. */
export async function openRig(options: { url?: string } = {}): Promise<Rig> {
  const opened = await openLog(options);
  const { store, bus } = opened;
  const started: Projections[] = [];

  async function project({ readModels: given, cache: givenCache, projectors = all }: ProjectOptions = {}): Promise<Projected> {
    const readModels = given ?? (await opened.readModels());
    const cache = givenCache ?? (await openCache('memory:'));
    const missing = await missingIn(readModels, projectors);
    const projections = await startProjections({ store, bus, readModels, cache, log, projectors, silence: 50, backoff: 2 });
    started.push(projections);
    // The start waits for them a moment only.
    await vi.waitFor(async () => {
      const unbuilt = (await projections.status()).filter(({ name, rebuilding }) => rebuilding && missing.includes(name));
      if (unbuilt.length > 0 || (await missingIn(readModels, projectors)).length > 0) throw new Error('not all read models are there');
    }, 10_000);
    const caughtUp = async () => {
      const head = await store.head();
      await vi.waitFor(async () => {
        const states = await Promise.all(projectors.map(({ model }) => readModels.state(model)));
        if (states.some((state) => !state || state.checkpoint.position < head)) throw new Error('behind');
      }, 10_000);
    };
    return { ...projections, readModels, cache, caughtUp, documents: (projector) => documentsOf(store, readModels, projector) };
  }

  return {
    store,
    bus,
    readModels: opened.readModels,
    project,
    close: async () => {
      for (const one of started) await one.stop();
      await opened.close();
    },
  };
}

/** Names of the read models that are not there. */
async function missingIn(readModels: ReadModels, projectors: readonly AnyProjector[]): Promise<string[]> {
  const states = await Promise.all(projectors.map(({ model }) => readModels.state(model)));
  return projectors.filter((_, index) => !states[index]).map(({ model }) => model.name);
}

/** Reads every event of a store. */
export async function eventsOf(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of store.readAll()) events.push(...page);
  return events;
}

async function documentsOf(store: EventStore, readModels: ReadModels, projector: AnyProjector): Promise<string> {
  const ids = await idsIn(store, projector);
  const { model } = projector;
  const state = await readModels.state(model);
  return textOf(await readModels.get(model, state?.generation ?? 0, ids));
}

/** The ids that documents of a read model may have by this log: those of all streams, and those that its projector makes of events. */
export async function idsIn(store: EventStore, { events, key }: AnyProjector): Promise<string[]> {
  const keyOf = (event: RecordedEvent) => (events.includes(event.type) && isKnown(event) ? key(event) : undefined) ?? idOf(event.stream);
  return [...new Set((await eventsOf(store)).flatMap((event) => [idOf(event.stream), keyOf(event)]))].sort();
}

/** The documents of a plain fold over what is known of the log, as text. */
export async function foldedLog(store: EventStore, { key, evolve, events }: AnyProjector): Promise<string> {
  const documents = new Map<string, Stored>();
  for (const one of await eventsOf(store)) {
    const id = events.includes(one.type) && isKnown(one) ? key(one) : undefined;
    if (id) documents.set(id, { id, position: one.position, document: evolve(documents.get(id)?.document, one) });
  }
  return textOf([...documents.values()]);
}

/** Documents as text, by id. */
export function textOf(documents: readonly Stored[]): string {
  return JSON.stringify(
    [...documents].sort((a, b) => (a.id < b.id ? -1 : 1)),
    null,
    1,
  );
}
