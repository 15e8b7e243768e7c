/** A policy at work: follows its events one at a time, in order, and records what it asks for. */
import { eventContract, upcast } from '../../contracts/catalog.ts';
import { categoryOf, type NewEvent, type RecordedEvent, routingKey } from '../../contracts/message.ts';
import { type NotificationEvent, notificationTopics } from '../../contracts/notification.ts';
import { receives } from '../../platform/event-bus/queues.ts';
import { appendOnce } from '../../platform/event-store/append-once.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { FollowContext, Follower, FollowerRow } from '../../platform/followers/follow.ts';
import { followWithEffects } from '../../platform/followers/follow-with-effects.ts';
import { openParking, type Parked, type Parking } from '../../platform/followers/parking.ts';
import { eventId, stableId } from '../../platform/stable-id.ts';
import type { Wanted } from './policies.ts';
import { NO_TASK, type TaskAsOf, tasksAsOf } from './task-as-of.ts';

/** A policy's row. Its name names its checkpoint and its parked streams, and is never changed; it decides on the events that its queue gets. */
export interface Policy extends FollowerRow {
  /** Stream of the task that it must know to decide on an event; undefined, or none: it needs none. */
  task?(event: RecordedEvent): string | undefined;
  /** What an event in its newest shape asks for, and a task as it was right after it. Pure. */
  wants(event: RecordedEvent, task: TaskAsOf): Wanted[];
}

export interface RunningPolicy extends Follower {
  parked(): Parked[];
  /** Works a parked stream off; with `skip`, without the event that parked it. False where it was not parked. */
  release(stream: string, skip: boolean): Promise<boolean>;
}

/** Starts a policy. It begins at the log's end when it is first deployed: what happened before causes no mail. */
export async function followPolicy(policy: Policy, context: FollowContext): Promise<RunningPolicy> {
  const { store } = context;
  const tasks = tasksAsOf(store);
  /** Read anew whenever this process becomes the active one: another may have parked and released meanwhile. */
  let parking: Parking = await openParking(store, policy.name);

  /** Reads what is needed; what it answers decides, and throws where that cannot be done. */
  async function decision(recorded: RecordedEvent): Promise<() => Wanted[]> {
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
        for (const { event, result } of decided) await record(store, policy.name, event, result);
      },
    },
    context,
  );
  return {
    ...follower,
    parked: () => parking.list(),
    release: (stream, skip) => parking.release(stream, async (event) => record(store, policy.name, event, (await decision(event))()), skip),
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

/** Notifications of one event that are recorded at once. */
const AT_ONCE = 16;

/** Effects are recorded first, on a stream named by (event, recipient, channel, kind): the same event again finds them there (invariant 11). */
async function record(store: EventStore, policy: string, event: RecordedEvent, wanted: readonly Wanted[]): Promise<void> {
  for (let from = 0; from < wanted.length; from += AT_ONCE)
    await Promise.all(wanted.slice(from, from + AT_ONCE).map((data) => recordOne(store, policy, event, data)));
}

async function recordOne(store: EventStore, policy: string, event: RecordedEvent, data: Wanted): Promise<void> {
  const stream = `notification-${stableId(event.id, recipientKey(data.recipient), data.channel, data.kind)}`;
  await appendOnce(store, stream, envelopes(stream, policy, event, data));
}

/** What goes to the inbox is there once it is recorded. */
function decided(data: Wanted): NotificationEvent[] {
  const requested: NotificationEvent = { type: 'NotificationRequested', data };
  return data.channel === 'in-app' ? [requested, { type: 'NotificationSent', data: { attempt: 1 } }] : [requested];
}

function recipientKey({ userId, address, phone }: Wanted['recipient']): string {
  return userId ?? address?.toLowerCase() ?? phone ?? '';
}

function envelopes(stream: string, policy: string, cause: RecordedEvent, data: Wanted): NewEvent[] {
  const commandId = stableId(stream, cause.id);
  const { $correlationId, traceparent } = cause.metadata;
  return decided(data).map((event, index) => ({
    id: eventId(commandId, stream, index),
    ...event,
    metadata: {
      $correlationId,
      $causationId: cause.id,
      commandId,
      actor: `policy:${policy}`,
      schema: eventContract(event.type)?.version ?? 1,
      ...(traceparent ? { traceparent } : {}),
      topics: notificationTopics(data.recipient.userId),
    },
  }));
}
