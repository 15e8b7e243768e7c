/** The projections: one follower on the queue `projections` feeds all read models and their entries in the cache. */
import { setTimeout as delay } from 'node:timers/promises';
import { isKnown, UnknownEvent } from '../contracts/catalog.ts';
import { isDeletion } from '../contracts/deletion.ts';
import { type RecordedEvent, START } from '../contracts/message.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import type { Cache } from '../platform/cache/cache.ts';
import { mutex } from '../platform/concurrency/mutex.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { followerQueue } from '../platform/event-bus/queues.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { endOf } from '../platform/followers/checkpoint.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';
import { type Follower, type FollowerRow, type Following, follow } from '../platform/followers/follow.ts';
import type { Pace } from '../platform/followers/pace.ts';
import type { Parked } from '../platform/followers/parking.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { BATCH, type Lane, openLane } from './lane.ts';
import { openProjection, type Projection, type ProjectionContext, type ProjectionTrouble } from './projection.ts';
import type { AnyProjector } from './projector.ts';
import { projectors as all } from './projectors.ts';
import type { RebuildProgress, Rebuilt } from './rebuild.ts';
import { type ProjectionStatus, projectionStatus } from './status.ts';

/** The row of the follower that feeds all read models. */
export const PROJECTIONS: FollowerRow = {
  name: 'projections',
  queue: followerQueue('projections', { pattern: '#', purpose: 'read models, and what the cache holds of them' }),
};

export interface ProjectionsContext {
  store: EventStore;
  bus: EventBus;
  readModels: ReadModels;
  cache: Cache;
  log: ProjectionContext['log'];
  /** The projectors to run; default: all of the registry. */
  projectors?: readonly AnyProjector[];
  /** Counts the events that this release does not know, and that the read models passed, for /metrics. */
  passed?(count: number): void;
  /** Milliseconds of silence after which the follower reads the store; default: the follower's own. */
  silence?: number;
  /** Milliseconds before the follower starts again after an error; default: the follower's own. */
  backoff?: number;
}

export interface Projections {
  /** Makes a read model anew from history, while the old documents answer. Rejects with UnknownProjection. */
  rebuild(name: string, onProgress?: (progress: RebuildProgress) => void): Promise<Rebuilt>;
  status(): Promise<ProjectionStatus[]>;
  follower: Follower;
  /** How the follower and each read model get on. */
  readonly paces: readonly Pace[];
  /** The parked streams of all read models. */
  parked(): ({ name: string } & Parked)[];
  /** Tries a parked stream again, by a rebuild of its read model. Rejects with UnknownProjection. */
  release(name: string, stream: string): Promise<Rebuilt>;
  /** Stops after the batch at hand, and abandons a rebuild that runs. */
  stop(): Promise<void>;
}

/** A read model with its way along the log. */
interface ModelLane extends Lane {
  projection: Projection;
}

/** No read model has this name. */
export class UnknownProjection extends Error {
  override readonly name = 'UnknownProjection';
}

/** Milliseconds for which the start waits until missing read models are built. */
const FIRST_BUILD_PATIENCE = 300;
/** Milliseconds between attempts to rebuild a read model, doubled from the first to the longest. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/**
 * Starts the projections. Missing read models are built first; the documents of one of another version, or of another log,
 * go on answering, without new events, while it is rebuilt.
 */
export async function startProjections(context: ProjectionsContext): Promise<Projections> {
  const { store, bus, log, silence, backoff } = context;
  const stopping = new AbortController();
  const { signal } = stopping;
  const lanes = (context.projectors ?? all).map((projector): ModelLane => {
    const exclusively = mutex();
    const projection = openProjection(projector, { ...context, exclusively, signal });
    const lane = openLane({ ...context, projection, exclusively, signal, untilActive, putRight: () => putRight(projection) });
    return { ...lane, projection };
  });
  const projections = lanes.map(({ projection }) => projection);
  const wanted = new Set(projections.flatMap(({ projector }) => projector.events));
  const righting = new Map<Projection, Promise<void>>();
  /** The reasons why rebuilds failed that are tried again. */
  const failures = new Map<Projection, string>();
  const loaded = Promise.withResolvers<void>();

  /**
   * Reads the states of all read models, at once: where the one that was active before was killed, each may wait for the end of a turn of its (FerretDB).
   * Resolves to the smallest checkpoint of those that go in step.
   */
  async function load(well: () => void): Promise<Checkpoint> {
    const troubles = await Promise.all(lanes.map(async (lane) => ({ lane, trouble: isToLoad(lane) ? await lane.load() : null })));
    const isFirst = troubles.every(({ trouble }) => trouble === 'missing');
    for (const { lane, trouble } of troubles) if (trouble) await putInPlace(lane, { trouble, isFirst, well });
    const missing = troubles.flatMap(({ lane, trouble }) => (trouble === 'missing' ? righting.get(lane.projection) : []));
    void Promise.all(missing).then(() => loaded.resolve());
    const checkpoint = smallest(lanes.filter((lane) => lane.inStep()).map(({ projection }) => projection)) ?? (await endOf(store));
    for (const lane of lanes) lane.follows(checkpoint.position);
    return checkpoint;
  }

  const isToLoad = (lane: ModelLane) => !righting.has(lane.projection) && lane.inStep();

  /** Tells that a read model is built anew; of an empty log, at a first start, there is nothing to tell. */
  async function tell(projection: ModelLane['projection'], { trouble, isFirst }: { trouble: ProjectionTrouble; isFirst: boolean }): Promise<void> {
    if (!isFirst) log.warn({ model: nameOf(projection), trouble }, 'the read model has to be built from history');
    else if ((await store.head()) !== START) log.info({ model: nameOf(projection) }, 'the read model is built for the first time');
  }

  /** Has a read model rebuilt while the others go on; where there are none yet, one after the other, at once. */
  async function putInPlace({ projection }: ModelLane, found: { trouble: ProjectionTrouble; isFirst: boolean; well(): void }): Promise<void> {
    const { isFirst, well } = found;
    await tell(projection, found);
    if (!isFirst || !(await rebuilt(projection, well))) putRight(projection);
  }

  function putRight(projection: Projection): void {
    if (righting.has(projection)) return;
    righting.set(
      projection,
      rebuildUntilDone(projection).finally(() => righting.delete(projection)),
    );
  }

  async function rebuildUntilDone(projection: Projection): Promise<void> {
    for (let wait = FIRST_WAIT; !(await rebuilt(projection)); wait = Math.min(2 * wait, LONGEST_WAIT)) {
      await delay(wait, undefined, { signal: stopping.signal }).catch(() => {});
      await untilActive();
      if (await isRight(projection)) return;
    }
  }

  /** Waits until this process is the active one. Two processes that rebuild the same model would each drop the other's generation. */
  async function untilActive(): Promise<void> {
    while (!follower.active() && !stopping.signal.aborted) await delay(FIRST_WAIT, undefined, { signal: stopping.signal }).catch(() => {});
  }

  /** Resolves to true where the model is right meanwhile, by another process or by a call that failed after it was carried out; or where the projections stop. */
  async function isRight(projection: Projection): Promise<boolean> {
    if (stopping.signal.aborted) return true;
    const lane = lanes.find((one) => one.projection === projection);
    return (await lane?.again().catch(() => 'unknown')) === null;
  }

  /** Tries a rebuild; resolves to true after a success, or where the projections stop. */
  async function rebuilt(projection: Projection, onProgress?: () => void): Promise<boolean> {
    try {
      await projection.rebuild(onProgress);
      failures.delete(projection);
      return true;
    } catch (error) {
      failures.set(projection, (error as Error).message);
      if (!stopping.signal.aborted && !absencesIn(log).failed(error))
        log.error({ model: nameOf(projection), err: error }, 'the rebuild failed and is tried again');
      return stopping.signal.aborted;
    }
  }

  const pass = passing(context);
  const following: Following = {
    ...PROJECTIONS,
    batch: BATCH,
    wants: (event) => wanted.has(event.type) || !isKnown(event),
    load,
    apply: async (events, checkpoint) => {
      await Promise.all(lanes.map((lane) => lane.take(events, checkpoint)));
      pass(events);
    },
    /** `load` compares each read model with the log. */
    foreignLog: async () => {
      await load(() => {});
    },
  };
  const follower = follow(following, {
    store,
    bus,
    log,
    ...(silence === undefined ? {} : { silence }),
    ...(backoff === undefined ? {} : { backoff }),
  });
  // A missing read model cannot answer. On a short log it is built before the start resolves; on a long one commands need not wait for it.
  await Promise.race([loaded.promise, delay(FIRST_BUILD_PATIENCE, undefined, { ref: false })]);

  const [own] = follower.paces;
  /** A read model that waits for a rebuild is behind, however far its documents are. */
  const paceOf = ({ projection, trouble }: ModelLane): Pace => ({
    name: nameOf(projection),
    hasTurn: () => own?.hasTurn() ?? false,
    isBehind: (head) => (projection.checkpoint()?.position ?? '') < head,
    step: projection.steps,
    trouble: () => failures.get(projection) ?? trouble() ?? own?.trouble(),
  });

  function named(name: string): Projection {
    const found = projections.find((projection) => nameOf(projection) === name);
    if (found) return found;
    throw new UnknownProjection(`no read model is called ${name}; there are ${projections.map(nameOf).join(', ')}`);
  }

  async function status(): Promise<ProjectionStatus[]> {
    const found = await projectionStatus(
      context,
      projections.map(({ projector }) => projector),
    );
    return found.map((one) => ({ ...one, rebuilding: named(one.name).rebuilding() }));
  }

  return {
    rebuild: async (name, onProgress) => named(name).rebuild(onProgress),
    status,
    follower,
    paces: [...follower.paces, ...lanes.map(paceOf)],
    parked: () => projections.flatMap((projection) => projection.parked().map((one) => ({ name: nameOf(projection), ...one }))),
    release: async (name) => named(name).rebuild(),
    stop: async () => {
      stopping.abort();
      await follower.stop();
      await Promise.allSettled([
        ...righting.values(),
        ...projections.map((projection) => projection.settled()),
        ...lanes.map((lane) => lane.settled()),
      ]);
    },
  };
}

/** The most kinds of unknown events that are logged, so that a foreign application's do not fill memory and log. */
const MOST_LOGGED = 100;

/** Counts the events that this release does not know, and logs the first of each type and shape: what they changed is missing in the read models. */
function passing({ log, passed = () => {} }: ProjectionsContext): (events: readonly RecordedEvent[]) => void {
  const logged = new Set<string>();
  return (events) => {
    const unknown = events.filter((event) => !isKnown(event) && !isDeletion(event));
    if (unknown.length > 0) passed(unknown.length);
    for (const error of unknown.map((event) => new UnknownEvent(event))) {
      const { type, schema } = error.shape;
      const kind = `${type} ${schema}`;
      if (logged.has(kind) || logged.size >= MOST_LOGGED) continue;
      logged.add(kind);
      log.error({ err: error }, 'read models pass events that this release does not know');
    }
  };
}

function nameOf({ projector }: Projection): string {
  return projector.model.name;
}

/** The checkpoint of the read model that is furthest behind; undefined when all wait for a rebuild. */
function smallest(projections: readonly Projection[]): Checkpoint | undefined {
  const checkpoints = projections.flatMap((projection) => projection.checkpoint() ?? []);
  return checkpoints.sort((a, b) => (a.position < b.position ? -1 : 1))[0];
}
