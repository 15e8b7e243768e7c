/** The log: the truth that everything else is compared with. */
import { expect } from 'vitest';
import { categoryOf, type RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import type { Channel } from '../contracts/notifications/kind.ts';
import { orderPolicy } from '../notifier/policies/order.ts';
import { deadlinePolicy, taskOf, taskPolicy, timedTask } from '../notifier/policies/task.ts';
import { registrationPolicy } from '../notifier/policies/user.ts';
import { evolveTask, NO_TASK } from '../notifier/task-as-of.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import type { Command } from './faults-load.fixture.ts';

type Noted = RecordedEvent & NotificationEvent;

/** A notification as the log has it. */
export interface Told {
  id: string;
  channel: Channel;
  /** The notification's last event. */
  last: Noted;
  /** The number of attempts of which nobody knows whether they sent it. */
  unknown: number;
}

export interface Story {
  events: readonly RecordedEvent[];
  streams: ReadonlyMap<string, readonly RecordedEvent[]>;
  /** Position of the last event. */
  head: string;
}

/** Reads the whole log. */
export async function readStory(log: EventStore): Promise<Story> {
  const events: RecordedEvent[] = [];
  for await (const page of log.readAll()) events.push(...page);
  return { events, streams: Map.groupBy(events, ({ stream }) => stream), head: events.at(-1)?.position ?? '' };
}

/** The streams of a category with their events. */
export function streamsOf({ streams }: Story, category: string): [stream: string, events: readonly RecordedEvent[]][] {
  return [...streams].filter(([stream]) => categoryOf(stream) === category);
}

/** Checks that no event is there twice, no revision is missing, and each answered command has left the events of its answer, once. */
export function checkLog(story: Story, commands: readonly Command[]): void {
  const { events, streams } = story;
  expect(new Set(events.map(({ id }) => id)).size, 'ids of events').toBe(events.length);
  for (const [stream, all] of streams)
    expect(
      all.map(({ revision }) => revision),
      stream,
    ).toEqual(all.map((_, index) => index));
  for (const [task, made] of Map.groupBy(commands, (command) => command.task)) {
    const all = streams.get(`task-${task}`) ?? [];
    expect(all.length, `events of task ${task}`).toBe(made.reduce((sum, { events }) => sum + events, 0));
    for (const { revision, position } of made) expect(all[revision], `revision ${revision} of task ${task}`).toMatchObject({ position });
  }
  expect(streamsOf(story, 'task').length, 'tasks').toBe(new Set(commands.map(({ task }) => task)).size);
}

/** The notifications that the policies must have asked for by now, and those that they did ask for; sorted. */
export function wantedAndRequested(story: Story): { wanted: string[]; requested: string[] } {
  const wanted = story.events.flatMap((event) => wantedOf(story, event));
  const requested = story.events.filter(({ type }) => type === 'NotificationRequested').map(({ data }) => data as (typeof wanted)[number]);
  const texts = (all: typeof wanted) =>
    all
      .map(({ channel, kind, recipient, about }) => `${kind} ${channel} ${recipient.userId ?? recipient.address} ${about.stream} ${about.revision}`)
      .sort();
  return { wanted: texts(wanted), requested: texts(requested) };
}

function wantedOf(story: Story, event: RecordedEvent) {
  const taskThen = (stream = '') =>
    (story.streams.get(stream) ?? []).filter(({ position }) => position <= event.position).reduce(evolveTask, NO_TASK);
  if (event.type.startsWith('Order')) return orderPolicy(event);
  if (event.type === 'TimerFired') return deadlinePolicy(event, taskThen(timedTask(event)));
  return event.type.startsWith('Task') ? taskPolicy(event, taskThen(taskOf(event))) : registrationPolicy(event);
}

/** Every notification in the log. */
export function notificationsIn(story: Story): Told[] {
  return streamsOf(story, 'notification').map(([stream, events]) => ({
    id: stream.slice('notification-'.length),
    channel: (events[0] as Noted & { type: 'NotificationRequested' }).data.channel,
    last: events.at(-1) as Noted,
    unknown: events.filter(({ type }) => type === 'NotificationAttemptUnknown').length,
  }));
}

const ENDS = ['NotificationSent', 'NotificationFailed', 'NotificationCancelled'];
export const isDecided = ({ last }: Told) => ENDS.includes(last.type);

/**
 * Checks that each mail was sent once, or besides at most as often as attempts of unknown fate are listed. One that was cancelled, because its task is
 * somebody else's by then, was not sent but by those.
 */
export function checkMails(story: Story, taken: ReadonlyMap<string, number>): void {
  const { wanted, requested } = wantedAndRequested(story);
  expect(requested).toEqual(wanted);
  const all = notificationsIn(story).filter(({ channel }) => channel === 'email');
  for (const { id, last, unknown } of all) {
    const times = taken.get(id) ?? 0;
    const said = `notification ${id} (${last.type}, ${unknown} attempts unknown) was taken ${times} times`;
    expect(last.type, said).not.toBe('NotificationFailed');
    expect(times, said).toBeGreaterThanOrEqual(last.type === 'NotificationSent' ? 1 : 0);
    // An attempt whose lease has not run out yet is listed, too: as processing.
    expect(times, said).toBeLessThanOrEqual((last.type === 'NotificationCancelled' ? 0 : 1) + unknown);
  }
  const known = new Set(all.map(({ id }) => id));
  expect(
    [...taken.keys()].filter((id) => !known.has(id)),
    'mails of no notification',
  ).toEqual([]);
}
