/** One read model, kept up to date: batches of events into documents, the cache and the checkpoint; and its rebuilds. */
import { LRUCache } from 'lru-cache';
import { isDeletion } from '../contracts/deletion.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import type { Cache } from '../platform/cache/cache.ts';
import type { Mutex } from '../platform/concurrency/mutex.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { holds } from '../platform/followers/checkpoint.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';
import { openParking, type Parked, type Parking } from '../platform/followers/parking.ts';
import type { ModelSpec, ModelState, ReadModels } from '../platform/read-models/read-models.ts';
import { isCached, readyPages, tellCache } from './cached.ts';
import { type DocumentChange, foldBatch, type Poison } from './fold.ts';
import { lacksKnown, openPassed } from './passed.ts';
import type { AnyProjector } from './projector.ts';
import { build, type RebuildProgress, type Rebuilt } from './rebuild.ts';
import { isWithoutBeginning } from './without-beginning.ts';

export interface ProjectionContext {
  store: EventStore;
  readModels: ReadModels;
  cache: Cache;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void };
  /** The mutex that is held while a batch is applied, and while a rebuild catches up and moves the pointer. */
  exclusively: Mutex;
  /** Aborted when the projections stop. */
  signal: AbortSignal;
}

/** The reason why a read model has to be built: it is missing, was made by another version of its projector, of another log, or passed events that this release knows. */
export type ProjectionTrouble = 'missing' | 'version' | 'foreign' | 'passed';

export interface Projection {
  readonly projector: AnyProjector;
  /** Reads the model's state anew; resolves to its trouble, null for none. A model in trouble takes no events until it is rebuilt. */
  load(): Promise<ProjectionTrouble | null>;
  /** The model's checkpoint; undefined while the model waits for a rebuild. */
  checkpoint(): Checkpoint | undefined;
  /** A number that grows whenever the model gets on: a batch, or a stretch of a rebuild. */
  steps(): number;
  /** True while the model is rebuilt, or waits for a rebuild. */
  rebuilding(): boolean;
  /** The parked streams of the model. */
  parked(): Parked[];
  /** Folds the events after the model's checkpoint, then writes the new checkpoint. To be called within `exclusively`. */
  apply(events: readonly RecordedEvent[], checkpoint: Checkpoint): Promise<void>;
  /** Makes the model anew from the log's start. A call while a rebuild runs gets the result of that one. */
  rebuild(onProgress?: (progress: RebuildProgress) => void): Promise<Rebuilt>;
  /** Resolves when no rebuild runs; never rejects. */
  settled(): Promise<void>;
}

/** The name under which a read model parks streams: a storage format. */
export function projectionName({ name }: Pick<ModelSpec, 'name'>): string {
  return `projection:${name}`;
}

/** Streams without a beginning that are remembered as said. */
const SAID = 1_000;
/** The most rounds in which a rebuild catches up while events keep coming, before it makes them wait. */
const ROUNDS = 20;
/** Number of events in a round from which on the next round, in which new events wait, is the last. */
const LAST_STRETCH = 1_000;

export function openProjection(projector: AnyProjector, context: ProjectionContext): Projection {
  const { store, readModels, log, exclusively } = context;
  const { model } = projector;
  const follower = projectionName(model);
  const wanted = new Set(projector.events);
  const passedShapes = openPassed(projector, store);
  let state: ModelState | null = null;
  let trouble: ProjectionTrouble | null = null;
  let parking: Parking | undefined;
  /** True while the cache may hold entries that a batch made stale before it failed half-way; also at the start. */
  let cacheInDoubt = true;
  let running: Promise<Rebuilt> | null = null;
  let steps = 0;
  const saidPassed = new LRUCache<string, true>({ max: SAID });
  /** The callers to whom the running rebuild tells its progress. */
  const watching = new Set<(progress: RebuildProgress) => void>();

  async function load(): Promise<ProjectionTrouble | null> {
    const found = await readModels.state(model);
    const itsTrouble = await troubleOf(found);
    const streams = await openParking(store, follower);
    if (found && !itsTrouble) await putRight(found, streams);
    // Only now, and at once: a model in trouble that could not be looked at whole stays in trouble.
    [state, trouble, parking] = [found, itsTrouble, streams];
    return trouble;
  }

  /** What a process that ended half-way may have left. */
  async function putRight(found: ModelState, streams: Parking): Promise<void> {
    if (cacheInDoubt) await forgetCache(found);
    await count(found, streams);
  }

  async function troubleOf(found: ModelState | null): Promise<ProjectionTrouble | null> {
    if (!found) return 'missing';
    if (found.version !== model.version) return 'version';
    if (!(await holds(store, found.checkpoint))) return 'foreign';
    return (await lacksKnown(store, model, found.generation)) ? 'passed' : null;
  }

  async function apply(events: readonly RecordedEvent[], checkpoint: Checkpoint): Promise<void> {
    const at = state;
    if (!at || trouble || at.checkpoint.position >= checkpoint.position) return;
    const mine = events.filter((event) => (wanted.has(event.type) || isDeletion(event)) && event.position > at.checkpoint.position);
    const streams = await parkingOf();
    const { changes, poison } = await foldBatch(projector, mine, (ids) => readModels.get(model, at.generation, ids), streams.isParked);
    for (const { stream } of mine.filter(isDeletion)) await streams.drop(stream);
    await park(streams, poison);
    await count(at, streams);
    passedShapes.meet(events);
    await passedShapes.note(at.generation);
    await write(at, changes, checkpoint);
  }

  async function parkingOf(): Promise<Parking> {
    parking ??= await openParking(store, follower);
    return parking;
  }

  async function park(streams: Parking, poison: readonly Poison[]): Promise<void> {
    for (const { event, error } of poison) {
      if (await isWithoutBeginning({ event, error }, store)) {
        passed(event);
        continue;
      }
      log.error({ model: model.name, stream: event.stream, revision: event.revision, err: error }, 'an event cannot be folded: its stream waits');
      await streams.park(event, error);
    }
  }

  /** Says, once for a stream, that its events are passed. */
  function passed({ stream, revision }: RecordedEvent): void {
    if (saidPassed.has(stream)) return;
    saidPassed.set(stream, true);
    log.warn({ model: model.name, stream, revision }, 'the beginning of a stream is gone, or not known: the read model does not have it');
  }

  /** Writes the number of parked streams into the model's state, where queries read it. */
  async function count(at: ModelState, streams: Parking): Promise<void> {
    const waiting = streams.list().length;
    if (waiting !== at.parked) await change(at, { parked: waiting });
  }

  /** Writes documents, cache and checkpoint, in this order: cached.ts says why. */
  async function write(at: ModelState, changes: DocumentChange[], checkpoint: Checkpoint): Promise<void> {
    const documents = changes.map(({ after }) => after);
    if (documents.length > 0 && isCached(projector)) {
      cacheInDoubt = true;
      await readModels.write(model, at.generation, documents, at.checkpoint);
      await toCache(at, changes);
      await readModels.write(model, at.generation, [], checkpoint);
    } else {
      await readModels.write(model, at.generation, documents, checkpoint);
    }
    at.checkpoint = checkpoint;
    steps++;
  }

  async function toCache(at: ModelState, changes: DocumentChange[]): Promise<void> {
    try {
      await tellCache(projector, changes, context, at.cacheGeneration);
      cacheInDoubt = false;
    } catch (error) {
      if (!absencesIn(log).failed(error))
        log.warn({ model: model.name, err: error }, 'the cache could not be told of a change: what it holds is ignored from now on');
      return forgetCache(at);
    }
    await readyPages(projector, changes, context, at).catch((error: unknown) => {
      if (!absencesIn(log).failed(error)) log.warn({ model: model.name, err: error }, 'no page made ready');
    });
  }

  async function forgetCache(at: ModelState): Promise<void> {
    await change(at, { cacheGeneration: at.cacheGeneration + 1 });
    cacheInDoubt = false;
  }

  async function change(at: ModelState, to: { cacheGeneration?: number; parked?: number }): Promise<void> {
    await readModels.update(model, to);
    Object.assign(at, to);
  }

  function onProgress(progress: RebuildProgress): void {
    steps++;
    for (const watch of watching) watch(progress);
  }

  async function rebuildOnce(): Promise<Rebuilt> {
    const begun = performance.now();
    const building = await build(projector, { ...context, seen: passedShapes.meet });
    await building.readOn(onProgress);
    await readModels.ready(model, building.generation);
    for (let round = 0; round < ROUNDS && (await building.readOn(onProgress)) > LAST_STRETCH; round++);
    await exclusively(async () => {
      await building.readOn(onProgress);
      await moveTo(building.generation, building.poison());
    });
    const rebuilt = { events: building.events(), seconds: (performance.now() - begun) / 1_000 };
    // At a first start there is nothing to tell.
    if (rebuilt.events > 0 || building.generation > 1)
      log.info({ model: model.name, generation: building.generation, ...rebuilt }, 'read model rebuilt');
    return rebuilt;
  }

  /** Moves the pointer to a generation. The parked records of both generations exist meanwhile; the cache's entries, of the old one, are ignored. */
  async function moveTo(generation: number, poison: Poison[]): Promise<void> {
    const streams = await parkingOf();
    await park(streams, poison);
    await passedShapes.note(generation);
    const before = await readModels.state(model);
    const cacheGeneration = before ? { cacheGeneration: before.cacheGeneration + 1 } : {};
    await readModels.update(model, { generation, parked: poison.length, ...cacheGeneration });
    await streams.clear(poison.map(({ event }) => event.stream));
    state = await readModels.state(model);
    trouble = null;
    cacheInDoubt = false;
  }

  return {
    projector,
    load,
    checkpoint: () => (trouble ? undefined : state?.checkpoint),
    steps: () => steps,
    rebuilding: () => running !== null || trouble !== null,
    parked: () => parking?.list() ?? [],
    apply,
    rebuild: (watch) => {
      if (watch) watching.add(watch);
      running ??= rebuildOnce().finally(() => {
        running = null;
        watching.clear();
      });
      return running;
    },
    settled: async () => {
      await running?.catch(() => {});
    },
  };
}
