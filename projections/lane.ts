/**
 * The way of one read model along the log. While all is well it goes in step with the others, on the batches of the one follower. A model that fails,
 * or takes too long, goes on by itself: it reads the event store from its own checkpoint, with smaller batches after each failure, until it has
 * caught up and is in step again. So no model stops another one, and the process keeps its hold meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Position, type RecordedEvent, START } from '../contracts/message.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import { orAborted } from '../platform/concurrency/abortable.ts';
import type { Mutex } from '../platform/concurrency/mutex.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { BEGINNING, type Checkpoint } from '../platform/followers/checkpoint-type.ts';
import { eventsAfter } from '../platform/followers/events-after.ts';
import { stretchesOf } from './lane-stretches.ts';
import type { Projection, ProjectionContext, ProjectionTrouble } from './projection.ts';

export interface LaneOptions {
  projection: Projection;
  store: EventStore;
  log: ProjectionContext['log'];
  /** The mutex that is held while the model takes a batch. */
  exclusively: Mutex;
  /** Aborted when the projections stop. */
  signal: AbortSignal;
  /** Resolves while this process is the active one, or once the projections stop. */
  untilActive(): Promise<void>;
  /** Has the model rebuilt, in the background; until then it takes no events. */
  putRight(trouble: ProjectionTrouble): void;
  /** Milliseconds that the others wait for this model with a batch, and half of those that they wait for its state; default 2,000. */
  patience?: number;
  /** Milliseconds before the second try of a batch that failed, doubled up to fifty times as much; default 100. */
  backoff?: number;
}

export interface Lane {
  /** Has the model take what comes after this place of the log, from where the follower goes on. */
  follows(from: Position): void;
  /** Takes the next stretch of the log. Resolves once the model has it, or goes on by itself; never rejects. */
  take(events: readonly RecordedEvent[], checkpoint: Checkpoint): Promise<void>;
  /**
   * Reads the model's state, at the start and at each new start of the follower; resolves to its trouble. Null, too, where that fails or takes too long:
   * the model then goes on by itself, beginning with its state. Never rejects.
   */
  load(): Promise<ProjectionTrouble | null>;
  /**
   * Reads the state of a model whose rebuild failed; resolves to its trouble. Null where it is right nevertheless, as another process or a call that failed
   * after it was carried out has made it: it then goes on by itself, since the others are further. Rejects as the stores do.
   */
  again(): Promise<ProjectionTrouble | null>;
  /** The reason why the model does not go in step with the others; undefined where it does, or none is known. */
  trouble(): string | undefined;
  /** True while the model goes in step with the others. */
  inStep(): boolean;
  /** Resolves once the model is in step, or the projections stop; never rejects. */
  settled(): Promise<void>;
}

/** Events in a batch at most. */
export const BATCH = 500;
/** Times the first wait that a wait is at most. */
const LONGEST = 50;

export function openLane(options: LaneOptions): Lane {
  const { projection, store, log, exclusively, signal, patience = 2_000, backoff = 100 } = options;
  const { model, events: types } = projection.projector;
  /** The follower's place: what comes after it, it has for all. */
  let handed: Position = START;
  let apart = false;
  let catching: Promise<void> | undefined;
  let said: string | undefined;
  let reason: string | undefined;

  const apply = (events: readonly RecordedEvent[], checkpoint: Checkpoint) => exclusively(() => projection.apply(events, checkpoint));

  function say(error: unknown): void {
    const text = String(error);
    if (signal.aborted || text === said || absencesIn(log).failed(error)) return;
    said = text;
    log.error({ model: model.name, err: error }, 'a read model cannot be written: it goes on by itself, and the others go on');
  }

  /** Waits for work of the model; where that fails, or takes longer than so many milliseconds, the model goes on by itself, and this resolves to undefined. */
  async function orAlone<T>(work: Promise<T>, most: number): Promise<T | undefined> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), most);
    try {
      const done = await orAborted(work, over.signal);
      if (over.signal.aborted) goAlone(work.then(() => {}));
      return done;
    } catch (error) {
      goAlone(Promise.reject(error));
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  function goAlone(before: Promise<void>): void {
    apart = true;
    reason = undefined;
    catching = catchUp(before);
  }

  /** Tries until the model is in step, is being rebuilt, or the projections stop. */
  async function catchUp(before: Promise<void>): Promise<void> {
    const pace = pacing(backoff, signal);
    const failed = (error: unknown) => {
      reason = error instanceof Error ? error.message : String(error);
      say(error);
      pace.failed();
    };
    await before.catch(failed);
    while (apart && !signal.aborted) {
      await pace.pause();
      await readOn(pace).catch(failed);
    }
    if (said !== undefined && !signal.aborted) log.info({ model: model.name }, 'a read model that could not be written goes on with the others');
    said = undefined;
  }

  /** Reads the model's state anew, and goes on from its checkpoint to the log's end. */
  async function readOn(pace: LanePace): Promise<void> {
    await options.untilActive();
    const trouble = await exclusively(projection.load);
    if (trouble) options.putRight(trouble);
    else await toTheEnd(pace);
    // In one turn with the next call of `take`: no event comes between.
    if (trouble || (projection.checkpoint()?.position ?? START) >= handed) apart = false;
  }

  async function toTheEnd(pace: LanePace): Promise<void> {
    for await (const page of eventsAfter(store, projection.checkpoint() ?? BEGINNING, signal))
      for (const { events, checkpoint } of stretchesOf(page, types, pace.size)) {
        await apply(events, checkpoint);
        pace.well();
      }
  }

  return {
    follows: (from) => {
      handed = from;
    },
    take: async (events, checkpoint) => {
      handed = checkpoint.position;
      if (apart) return;
      await orAlone(apply(events, checkpoint), patience);
    },
    load: async () => (await orAlone(exclusively(projection.load), 2 * patience)) ?? null,
    again: async () => {
      // From now on: a batch that comes after the state was read, and before the model goes on by itself, would leave a gap behind it.
      apart = true;
      const trouble = await exclusively(projection.load).catch((error: unknown) => {
        apart = false;
        throw error;
      });
      if (trouble) apart = false;
      else goAlone(Promise.resolve());
      return trouble;
    },
    trouble: () => (apart ? reason : undefined),
    inStep: () => !apart,
    settled: async () => {
      await catching;
    },
  };
}

/** The pace of a model that goes on by itself. */
interface LanePace {
  /** Events in the next stretch: half as many after each failure, twice as many after each success. */
  size(): number;
  well(): void;
  failed(): void;
  /** Waits after a failure, longer each time. */
  pause(): Promise<void>;
}

function pacing(backoff: number, signal: AbortSignal): LanePace {
  let failures = 0;
  let size = BATCH;
  return {
    size: () => size,
    well: () => {
      failures = 0;
      size = Math.min(2 * size, BATCH);
    },
    failed: () => {
      failures++;
      size = Math.max(1, Math.floor(size / 2));
    },
    pause: async () => {
      if (failures > 0) await delay(Math.min(backoff * 2 ** (failures - 1), backoff * LONGEST), undefined, { signal }).catch(() => {});
    },
  };
}
