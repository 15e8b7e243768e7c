/** The pieces around the projections, opened in a folder of their own. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { QUEUES } from '../app/queues.ts';
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { Cache } from '../platform/cache/cache.ts';
import { openCache } from '../platform/cache/open.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import type { ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { type Projections, startProjections } from '../projections/project.ts';
import type { AnyProjector } from '../projections/projector.ts';
import { projectors as all } from '../projections/projectors.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';

export const log = { info: () => {}, warn: () => {}, error: () => {} };

export interface Rig {
  store: EventStore;
  bus: EventBus;
  /** Opens a new, empty store of read models. */
  readModels(): Promise<ReadModels>;
  /** Starts projections of this store; they stop with the rig. */
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
  /** Every document of a read model, as text. */
  documents(projector: AnyProjector): Promise<string>;
}

/** Opens store, bus and forwarder. */
export async function openRig(): Promise<Rig> {
  const dataDir = await mkdtemp(join(tmpdir(), 'projections-'));
  const store = await openEventStore('sqlite:', { dataDir, log });
  const bus = await openEventBus('memory:', { queues: QUEUES, log });
  const forwarder = startForwarder({ store, bus, log });
  const started: Projections[] = [];
  const opened: ReadModels[] = [];

  async function newReadModels(): Promise<ReadModels> {
    const it = await openReadModels(`sqlite:${join(dataDir, `read-models-${opened.length}.db`)}`, { dataDir, log });
    opened.push(it);
    return it;
  }

  async function project({ readModels: given, cache: givenCache, projectors = all }: ProjectOptions = {}): Promise<Projected> {
    const readModels = given ?? (await newReadModels());
    const cache = givenCache ?? (await openCache('memory:'));
    const projections = await startProjections({ store, bus, readModels, cache, log, projectors, silence: 50, backoff: 2 });
    started.push(projections);
    const caughtUp = async () => {
      const head = await store.head();
      await vi.waitFor(async () => {
        const states = await Promise.all(projectors.map(({ model }) => readModels.state(model)));
        if (states.some((state) => (state?.checkpoint.position ?? '') < head)) throw new Error('behind');
      }, 10_000);
    };
    return { ...projections, readModels, cache, caughtUp, documents: (projector) => documentsOf(store, readModels, projector) };
  }

  return {
    store,
    bus,
    readModels: newReadModels,
    project,
    close: async () => {
      for (const one of started) await one.stop();
      for (const one of opened) await one.close();
      await forwarder.stop();
      await bus.close();
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** Every event of a store. */
export async function eventsOf(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of store.readAll()) events.push(...page);
  return events;
}

async function documentsOf(store: EventStore, readModels: ReadModels, { model }: AnyProjector): Promise<string> {
  const ids = [...new Set((await eventsOf(store)).map(({ stream }) => idOf(stream)))].sort();
  const state = await readModels.state(model);
  return textOf(await readModels.get(model, state?.generation ?? 0, ids));
}

/** The documents as a plain fold over the log makes them, as text. */
export async function foldedLog(store: EventStore, { key, evolve, events }: AnyProjector): Promise<string> {
  const documents = new Map<string, Stored>();
  for (const one of await eventsOf(store)) {
    const id = events.includes(one.type) ? key(one) : undefined;
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
