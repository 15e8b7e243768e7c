/** A policy at work: follows its events one at a time, in order, and records what it asks for. */
import { upcast } from '../../contracts/catalog.ts';
import { categoryOf, type RecordedEvent, routingKey } from '../../contracts/message.ts';
import { receives } from '../../platform/event-bus/queues.ts';
import type { FollowContext, Follower, FollowerRow } from '../../platform/followers/follow.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';
import { openParking, type Parked, type Parking } from '../../platform/followers/parking.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import type { Wanted, WantedOfRole } from './policies.ts';
import { openRecording } from './recording.ts';
import { NO_TASK, type TaskAsOf, tasksAsOf } from './task-as-of.ts';

/** A policy's row. Its name names its checkpoint and its parked streams, and is never changed; it decides on the events that its queue gets. */
export interface Policy extends FollowerRow {
  /** Stream of the task that it must know to decide on an event; undefined, or none: it needs none. */
  task?(event: RecordedEvent): string | undefined;
  /** What an event in its newest shape asks for, and a task as it was right after it. Pure. */
  wants(event: RecordedEvent, task: TaskAsOf): (Wanted | WantedOfRole)[];
}

export interface PolicyContext extends FollowContext {
  /** Tell who has a role: a policy that tells all of them waits, at its event, until they do. */
  readModels: ReadModels;
}

export interface RunningPolicy extends Follower {
  parked(): Parked[];
  /** Works a parked stream off; with `skip`, without the event that parked it. False where it was not parked. */
  release(stream: string, skip: boolean): Promise<boolean>;
}

/** Starts a policy. It begins at the log's end when it is first deployed: what happened before causes no mail. */
export async function followPolicy(policy: Policy, context: PolicyContext): Promise<RunningPolicy> {
  const { store, readModels } = context;
  const stopping = new AbortController();
  const record = openRecording(policy.name, { store, readModels, signal: stopping.signal });
  const tasks = tasksAsOf(store);
  /** Read anew whenever this process becomes the active one: another may have parked and released meanwhile. */
  let parking: Parking = await openParking(store, policy.name);

  /** Reads what is needed; what it answers decides, and throws where that cannot be done. */
  async function decision(recorded: RecordedEvent): Promise<() => (Wanted | WantedOfRole)[]> {
    const stream = taskNamedBy(policy, recorded);
    const taskThen = stream === undefined ? () => NO_TASK : await tasks.read(stream, recorded);
    return () => policy.wants(upcast(recorded), taskThen());
  }

  const follower = await followWithEffects(
    {
      name: policy.name,
      queue: policy.queue,
      batch: 1,
      wants: (event) => receives(policy.queue, categoryOf(event.stream), routingKey(event)),
      begin: async () => {
        parking = await openParking(store, policy.name);
      },
      apply: async (events) => {
        const decisions = new Map(await Promise.all(events.map(async (event) => [event, await decision(event)] as const)));
        const decided = await parking.applyOrPark(events, (event) => decisions.get(event)?.() ?? []);
        for (const { event, result } of decided) await record(event, result);
      },
    },
    context,
  );
  return {
    ...follower,
    parked: () => parking.list(),
    release: (stream, skip) => parking.release(stream, async (event) => record(event, (await decision(event))()), skip),
    stop: () => {
      stopping.abort(new Error(`policy ${policy.name} stops`));
      return follower.stop();
    },
  };
}

/** An event that does not even say that is left to `wants`, which cannot decide on it either: its stream is parked. */
function taskNamedBy(policy: Policy, recorded: RecordedEvent): string | undefined {
  try {
    return policy.task?.(upcast(recorded));
  } catch {
    return undefined;
  }
}
