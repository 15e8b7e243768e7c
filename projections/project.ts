/** The projections: one follower on the queue `projections` feeds all read models and what the cache holds of them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Cache } from '../platform/cache/cache.ts';
import { mutex } from '../platform/concurrency/mutex.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { followerQueue } from '../platform/event-bus/queues.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { endOf } from '../platform/followers/checkpoint.ts';
import type { Checkpoint } from '../platform/followers/checkpoint-type.ts';
import { type Follower, type FollowerRow, type Following, follow } from '../platform/followers/follow.ts';
import type { Parked } from '../platform/followers/parking.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { openProjection, type Projection, type ProjectionContext } from './projection.ts';
import type { AnyProjector } from './projector.ts';
import { projectors as all } from './projectors.ts';
import type { RebuildProgress, Rebuilt } from './rebuild.ts';
import { type ProjectionStatus, projectionStatus } from './status.ts';

/** The one follower of all read models. */
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
  /** Default: the registry's. */
  projectors?: readonly AnyProjector[];
  /** Milliseconds of silence after which the follower reads the store; the follower's own default. */
  silence?: number;
  /** Milliseconds before the follower starts again after an error; the follower's own default. */
  backoff?: number;
}

export interface Projections {
  /** Makes a read model anew from history, beside the old one. `seconds` it took. Rejects with UnknownProjection. */
  rebuild(name: string, onProgress?: (progress: RebuildProgress) => void): Promise<Rebuilt>;
  status(): Promise<ProjectionStatus[]>;
  follower: Follower;
  /** Streams that wait, of all read models. */
  parked(): ({ name: string } & Parked)[];
  /** Tries a parked stream again: by a rebuild of that read model. */
  release(name: string, stream: string): Promise<Rebuilt>;
  /** Stops after the batch at hand; a rebuild that runs is abandoned. */
  stop(): Promise<void>;
}

/** No read model has this name. */
export class UnknownProjection extends Error {
  override readonly name = 'UnknownProjection';
}

const BATCH = 500;
/** Milliseconds the start waits for read models that are not there. */
const PATIENCE = 300;
/** Milliseconds between attempts to put a read model right. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;

/**
 * Starts them. Read models that are not there are built first; one of another version, or of another log, goes on answering
 * as it is (and stands still) while it is rebuilt.
 */
export async function startProjections(context: ProjectionsContext): Promise<Projections> {
  const { store, bus, log, silence, backoff } = context;
  const stopping = new AbortController();
  const exclusively = mutex();
  const projections = (context.projectors ?? all).map((projector) => openProjection(projector, { ...context, exclusively, signal: stopping.signal }));
  const wanted = new Set(projections.flatMap(({ projector }) => projector.events));
  const righting = new Map<Projection, Promise<void>>();
  const loaded = Promise.withResolvers<void>();

  /** Reads where every read model is. */
  async function load(): Promise<Checkpoint> {
    for (const projection of projections) if (!righting.has(projection)) await loadOne(projection);
    loaded.resolve();
    return smallest(projections) ?? endOf(store);
  }

  /** What is wrong with it gets put right: its first build at once, any other while the old documents answer. */
  async function loadOne(projection: Projection): Promise<void> {
    const trouble = await exclusively(projection.load);
    if (trouble === null) return;
    log.warn({ model: nameOf(projection), trouble }, 'the read model has to be built from history');
    if (trouble === 'missing') await projection.rebuild();
    else putRight(projection);
  }

  function putRight(projection: Projection): void {
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

  /** Two processes that rebuild the same model would each throw the other's generation away: the one that is active does it. */
  async function untilActive(): Promise<void> {
    while (!follower.active() && !stopping.signal.aborted) await delay(FIRST_WAIT, undefined, { signal: stopping.signal }).catch(() => {});
  }

  /** True where another process put it right meanwhile, or there is nothing more to do. */
  async function isRight(projection: Projection): Promise<boolean> {
    if (stopping.signal.aborted) return true;
    return (await exclusively(projection.load).catch(() => 'unknown')) === null;
  }

  /** True when there is nothing more to try. */
  async function rebuilt(projection: Projection): Promise<boolean> {
    try {
      await projection.rebuild();
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) log.error({ model: nameOf(projection), err: error }, 'the rebuild failed and is tried again');
      return stopping.signal.aborted;
    }
  }

  const following: Following = {
    ...PROJECTIONS,
    batch: BATCH,
    wants: (event) => wanted.has(event.type),
    load,
    apply: (events, checkpoint) =>
      exclusively(async () => {
        for (const projection of projections) await projection.apply(events, checkpoint);
      }),
    /** `load` sees for each read model whether the log is its own. */
    foreignLog: async () => {
      await load();
    },
  };
  const follower = follow(following, {
    store,
    bus,
    log,
    ...(silence === undefined ? {} : { silence }),
    ...(backoff === undefined ? {} : { backoff }),
  });
  // What is not there at all cannot answer. On a short log it is built before the start is done; on a long one commands need not wait for it.
  await Promise.race([loaded.promise, delay(PATIENCE, undefined, { ref: false })]);

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
    parked: () => projections.flatMap((projection) => projection.parked().map((one) => ({ name: nameOf(projection), ...one }))),
    release: async (name) => named(name).rebuild(),
    stop: async () => {
      stopping.abort();
      await follower.stop();
      await Promise.allSettled([...righting.values(), ...projections.map((projection) => projection.settled())]);
    },
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
