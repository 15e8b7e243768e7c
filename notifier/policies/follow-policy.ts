/** A policy at work: follows its events one at a time, in order, and records what it asks for. */
import { eventContract, upcast } from '../../contracts/catalog.ts';
import { categoryOf, type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { notificationTopics } from '../../contracts/notification.ts';
import { effectCheckpoint, holds } from '../../write-side/event-bus/checkpoint.ts';
import { type FollowContext, type Follower, follow } from '../../write-side/event-bus/follow.ts';
import { openParking, type Parked, type Parking } from '../../write-side/event-bus/parking.ts';
import type { FollowerQueue } from '../../write-side/event-bus/queues.ts';
import { type EventStore, WrongExpectedRevision } from '../../write-side/event-store/event-store.ts';
import { eventId, stableId } from '../../write-side/stable-id.ts';
import type { Wanted } from './policies.ts';

export interface Policy {
  /** Names its checkpoint and its parked streams: never changed. */
  name: string;
  queue: FollowerQueue;
  /** The category it follows. */
  category: string;
  /** What an event in its newest shape asks for. Pure. */
  wants(event: RecordedEvent): Wanted[];
}

export interface RunningPolicy extends Follower {
  parked(): Parked[];
  /** Works a parked stream off; with `skip`, without the event that parked it. False where it was not parked. */
  release(stream: string, skip: boolean): Promise<boolean>;
}

/** Starts a policy. It begins at the log's end when it is first deployed: what happened before causes no mail. */
export async function followPolicy(policy: Policy, context: FollowContext): Promise<RunningPolicy> {
  const { store } = context;
  const wants = (event: RecordedEvent) => policy.wants(upcast(event));
  const checkpoint = effectCheckpoint(store, policy.name);
  /** Read anew whenever this process becomes the active one: another may have parked and released meanwhile. */
  let parking: Parking = await openParking(store, policy.name);
  // Written before anything is followed: what comes from now on is not missed, even if this process ends at once.
  const begun = await checkpoint.load();
  if (!(await holds(store, begun))) await checkpoint.foreignLog();

  const follower = follow(
    {
      name: policy.name,
      queue: policy.queue,
      batch: 1,
      wants: (event) => categoryOf(event.stream) === policy.category,
      load: async () => {
        parking = await openParking(store, policy.name);
        return checkpoint.load();
      },
      foreignLog: () => checkpoint.foreignLog(),
      apply: async (events, at) => {
        for (const { event, result } of await parking.applyOrPark(events, wants)) await record(store, policy.name, event, result);
        checkpoint.save(at);
      },
    },
    context,
  );
  return {
    ...follower,
    parked: () => parking.list(),
    release: (stream, skip) => parking.release(stream, (event) => record(store, policy.name, event, wants(event)), skip),
    stop: async () => {
      await follower.stop();
      // Where it cannot be written, the last events come again at the next start, and find what they asked for recorded.
      await checkpoint.flush().catch((error) => context.log.warn({ err: error, follower: policy.name }, 'the checkpoint was not written'));
    },
  };
}

/** Effects are recorded first, on a stream named by (event, recipient, channel, kind): the same event again finds them there (invariant 11). */
async function record(store: EventStore, policy: string, event: RecordedEvent, wanted: readonly Wanted[]): Promise<void> {
  for (const data of wanted) {
    const stream = `notification-${stableId(event.id, recipientKey(data.recipient), data.channel, data.kind)}`;
    try {
      await store.append(stream, NO_STREAM, [requested(stream, policy, event, data)]);
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw error;
    }
  }
}

function recipientKey({ userId, address, phone }: Wanted['recipient']): string {
  return userId ?? address?.toLowerCase() ?? phone ?? '';
}

function requested(stream: string, policy: string, event: RecordedEvent, data: Wanted): NewEvent {
  const commandId = stableId(stream, event.id);
  return {
    id: eventId(commandId, stream, 0),
    type: 'NotificationRequested',
    data,
    metadata: {
      $correlationId: event.metadata.$correlationId,
      $causationId: event.id,
      commandId,
      actor: `policy:${policy}`,
      schema: eventContract('NotificationRequested')?.version ?? 1,
      ...(event.metadata.traceparent ? { traceparent: event.metadata.traceparent } : {}),
      topics: notificationTopics(data.recipient.userId),
    },
  };
}
