/** A running policy: follows its events one at a time, in order, and records the notifications that it asks for. */
import { known } from '../contracts/catalog.ts';
import { isDeletion } from '../contracts/deletion.ts';
import { categoryOf, type RecordedEvent, routingKey } from '../contracts/message.ts';
import { AT_ONCE } from '../platform/absences/while-starting.ts';
import { receives } from '../platform/event-bus/queues.ts';
import { BeginningGone } from '../platform/event-store/beginning.ts';
import { isOfOneStream } from '../platform/event-store/event-store.ts';
import type { FollowContext, Follower, FollowerRow } from '../platform/followers/follow.ts';
import { followWithEffects } from '../platform/followers/follow-with-effects.ts';
import { openParking, type Parked, type Parking } from '../platform/followers/parking.ts';
import { isUndecidable, releaseKnown } from '../platform/followers/release-known.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { howItBegan } from './how-it-began.ts';
import { openRecording, type RecordingContext } from './recording.ts';
import { openRelease, type ReleaseContext } from './release-held.ts';
import { NO_TASK, type TaskAsOf, tasksAsOf } from './task-as-of.ts';
import type { Wanted, WantedOfRole } from './wanted.ts';

/** The row of a policy. Its name, which its checkpoint and its parked streams bear, is never changed. It decides on the events of its queue. */
export interface Policy extends FollowerRow {
  /** The stream of the task that the policy must know to decide on an event; undefined for none. */
  task?(event: RecordedEvent): string | undefined;
  /** True where the policy must know how the event's own stream began. */
  fromBeginning?: true;
  /**
   * The notifications that an event (in its newest shape) asks for. `task`: as it was right after the event; NO_TASK for none. `beginning`: the first
   * event of the same stream; without `fromBeginning` the event itself. Pure.
   */
  wants(event: RecordedEvent, task: TaskAsOf, beginning: RecordedEvent): (Wanted | WantedOfRole)[];
  /**
   * The user whose notifications are not held back any more from this event (in its newest shape) on; undefined for nobody. Pure. The policy waits, with
   * all behind it, while the read model of notifications is away: who mails has no such row.
   */
  releases?(event: RecordedEvent): string | undefined;
}

export interface PolicyContext extends FollowContext {
  /** The read models that know who has a role. A policy that tells everybody who has one waits until they have its event. */
  readModels: ReadModels;
  /** True where users of a role may read every task (TASK_VISIBILITY). */
  seesAll: RecordingContext['seesAll'];
  /** Both missing: this process holds nothing back, and releases nothing. */
  commands?: ReleaseContext['commands'];
  now?: ReleaseContext['now'];
}

export interface RunningPolicy extends Follower {
  parked(): Parked[];
  /** Applies the waiting events of a parked stream; with `skip`, without the event that parked it. False where the stream is not parked. */
  release(stream: string, skip: boolean): Promise<boolean>;
}

/** What an event asks for, and the task that the policy knew to decide that. */
interface Decided {
  wanted: (Wanted | WantedOfRole)[];
  task?: TaskAsOf;
}
const NOTHING: Decided = { wanted: [] };

/** Starts a policy. When it is first deployed it begins at the log's end: earlier events cause no mail. */
export async function followPolicy(policy: Policy, context: PolicyContext): Promise<RunningPolicy> {
  const { store, readModels, seesAll, whileStarting = AT_ONCE } = context;
  const stopping = new AbortController();
  const record = openRecording(policy.name, { store, readModels, seesAll, signal: stopping.signal });
  const { commands, now } = context;
  const release = commands && now && openRelease({ readModels, commands, now, signal: stopping.signal });
  const tasks = tasksAsOf(store);
  /** The parked streams, read anew whenever this process becomes the active one: another may have parked and released meanwhile. */
  let parking: Parking = await whileStarting(() => openParking(store, policy.name));

  /**
   * Reads the task that an event needs. The returned function decides without I/O; it throws where the event cannot be decided, also since that task
   * alone cannot be read. Errors: those of an absence.
   */
  async function decision(recorded: RecordedEvent): Promise<() => Decided> {
    return decisionOn(recorded).catch((error: unknown) => {
      if (!isOfOneStream(error) && !(error instanceof BeginningGone)) throw error;
      return () => {
        throw error;
      };
    });
  }

  async function decisionOn(recorded: RecordedEvent): Promise<() => Decided> {
    if (policy.fromBeginning) return decisionFromBeginning(recorded);
    const stream = taskNamedBy(policy, recorded);
    if (stream === undefined) {
      return () => {
        const event = known(recorded);
        return { wanted: policy.wants(event, NO_TASK, event) };
      };
    }
    const taskThen = await tasks.read(stream, recorded);
    if (!taskThen) return takenAway(recorded);
    return () => {
      const event = known(recorded);
      const task = taskThen();
      return { wanted: policy.wants(event, task, event), task };
    };
  }

  async function decisionFromBeginning(recorded: RecordedEvent): Promise<() => Decided> {
    const first = await howItBegan(store, recorded);
    return first ? () => ({ wanted: policy.wants(known(recorded), NO_TASK, known(first)) }) : takenAway(recorded);
  }

  function takenAway({ stream, revision }: RecordedEvent): () => Decided {
    context.log.warn({ policy: policy.name, stream, revision }, 'an operator took the event away; nobody is told of it');
    return () => NOTHING;
  }

  /** Records what an event asks for, and releases what was held back until then. */
  async function carryOut(event: RecordedEvent, { wanted, task }: Decided): Promise<void> {
    await record(event, wanted, task).catch((error: unknown) => goOnWithout(event, error));
    const userId = policy.releases?.(known(event));
    if (userId !== undefined) await release?.(userId, event);
  }

  /** Goes on where an operator took away what a recipient had chosen: nothing brings it back by itself, and all others are told. */
  function goOnWithout(event: RecordedEvent, error: unknown): void {
    if (!(error instanceof BeginningGone)) throw error;
    context.log.warn(
      { policy: policy.name, stream: event.stream, revision: event.revision, err: error },
      'an operator took a recipient’s choices away; this one is not told of the event',
    );
  }

  /** Parks an event one of whose recipients this release does not wholly know. */
  async function parkUndecidable(event: RecordedEvent, error: unknown): Promise<void> {
    if (!isUndecidable(error)) throw error;
    await parking.park(event, error);
  }

  const follower = await followWithEffects(
    {
      name: policy.name,
      queue: policy.queue,
      batch: 1,
      wants: (event) => !isDeletion(event) && receives(policy.queue, categoryOf(event.stream), routingKey(event)),
      begin: async () => {
        parking = await openParking(store, policy.name);
        await releaseKnown(parking, { decision, record: carryOut, log: context.log });
      },
      apply: async (events) => {
        const decisions = new Map(await Promise.all(events.map(async (event) => [event, await decision(event)] as const)));
        const decided = await parking.applyOrPark(events, (event) => decisions.get(event)?.() ?? NOTHING);
        for (const { event, result } of decided) await carryOut(event, result).catch((error) => parkUndecidable(event, error));
      },
    },
    context,
  );
  return {
    ...follower,
    parked: () => parking.list(),
    release: (stream, skip) => parking.release(stream, async (event) => carryOut(event, (await decision(event))()), skip),
    stop: () => {
      stopping.abort(new Error(`policy ${policy.name} stops`));
      return follower.stop();
    },
  };
}

/** The stream of the task that an event needs. Where the event is broken, or not known: undefined, since `wants` will throw for it, too, and park its stream. */
function taskNamedBy(policy: Policy, recorded: RecordedEvent): string | undefined {
  try {
    return policy.task?.(known(recorded));
  } catch {
    return undefined;
  }
}
