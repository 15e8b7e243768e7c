/** Policies: the notifications that each event, in its newest shape, asks for. Pure. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent } from '../../contracts/notification.ts';
import type { ChannelOf, Kind } from '../../contracts/notifications/kinds.ts';
import type { Role } from '../../contracts/role.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { TimerEvent } from '../../contracts/timer.ts';
import type { UserEvent } from '../../contracts/user.ts';
import type { TaskAsOf } from './task-as-of.ts';

type Requested = Extract<NotificationEvent, { type: 'NotificationRequested' }>['data'];
/** A notification of one kind, on a channel that the kind's record allows. */
interface WantedOf<K extends Kind, Recipient = Requested['recipient']> extends Omit<Requested, 'kind' | 'channel' | 'recipient'> {
  kind: K;
  channel: ChannelOf<K>;
  recipient: Recipient;
}
/** A notification that a policy asks for. */
export type Wanted = { [K in Kind]: WantedOf<K> }[Kind];

/**
 * A notification for everybody who has a role right after the event, one each. `except`: the id of a user who is not told, as the one who did it.
 *
 *     { channel: 'in-app', kind, recipient: { role: 'security', except: event.metadata.actor }, about }
 */
export type WantedOfRole = { [K in Kind]: WantedOf<K, { role: Role; except?: string }> }[Kind];

type Recorded<E extends { type: string }> = RecordedEvent & E;
type About = Wanted['about'];

/**
 * Makes the function that asks for a notification of one user.
 *
 *     people.map(told('in-app', 'comment_added', { stream, revision }))
 */
export const told =
  <K extends Kind>(channel: ChannelOf<K>, kind: K, about: About) =>
  (userId: string): WantedOf<K> => ({ channel, kind, recipient: { userId }, about });

/**
 * The events of a task are told to its people (maker, assignee, commenters), but not to the one who did it, except that the mail of the creation goes
 * to the maker of a task without an assignee. Mail is for the one who has something to do. An assignment by the creating command asks for no
 * notification: the assignee is told of the creation.
 */
export function taskPolicy(event: RecordedEvent, task: TaskAsOf): Wanted[] {
  const { type, data, metadata, stream, revision } = event as Recorded<TaskEvent>;
  const { actor } = metadata;
  const about = { stream, revision };
  switch (type) {
    case 'TaskCreated':
      return [
        told('email', 'task_created', about)(data.userId ?? data.maker),
        ...others([data.userId], actor).map(told('in-app', 'task_created', about)),
      ];
    case 'TaskAssigned':
      return data.atCreation ? [] : assigned(data, peopleOf(task), { actor, about });
    case 'TaskCommented':
      return others(peopleOf(task), actor).map(told('in-app', 'comment_added', about));
    case 'TaskStatusChanged':
      return others(peopleOf(task), actor).map(told('in-app', 'status_changed', about));
    default:
      return [];
  }
}

type Assignment = Extract<TaskEvent, { type: 'TaskAssigned' }>['data'];

/** The notifications of an assignment. The assignee before is told, too. */
function assigned({ userId, previous }: Assignment, people: readonly (string | null)[], { actor, about }: { actor: string; about: About }): Wanted[] {
  return [
    ...others([userId], actor).map(told('email', 'task_assigned', about)),
    ...others([userId, previous, ...people], actor).map(told('in-app', 'task_assigned', about)),
  ];
}

/** The stream of the task that the policy must know for an event: of events that do not name the task's people. */
export function taskOf({ type, stream }: RecordedEvent): string | undefined {
  return ['TaskAssigned', 'TaskCommented', 'TaskStatusChanged'].includes(type) ? stream : undefined;
}

/**
 * A deadline that comes near, or has passed, is told to the task's people, and one that has passed also by mail to maker and assignee: while the task
 * still has this deadline and is open or in progress. `due_soon` is not told after the deadline (the scheduler may have been away): `overdue` is.
 */
export function deadlinePolicy(event: RecordedEvent, task: TaskAsOf): Wanted[] {
  const { data, time } = event as Recorded<TimerEvent>;
  if (!awaits(task, data.time)) return [];
  const about = { stream: data.subject, revision: task.revision };
  const people = others(peopleOf(task), '');
  if (data.kind === 'due_soon') return time < data.time ? people.map(told('in-app', 'due_soon', about)) : [];
  return [...others([task.maker, task.assignee], '').map(told('email', 'overdue', about)), ...people.map(told('in-app', 'overdue', about))];
}

function awaits({ status, deleted, deadline }: TaskAsOf, time: string): boolean {
  return !deleted && (status === 'open' || status === 'in-progress') && deadline === time;
}

/** The stream of the task that a timer belongs to. */
export function timedTask(event: RecordedEvent): string {
  return (event as Recorded<TimerEvent>).data.subject;
}

/**
 * A new user gets the confirmation mail, and a welcome in the inbox. The first admin, made by the system itself, is confirmed by having the
 * password, and needs no welcome.
 */
export function registrationPolicy(event: RecordedEvent): Wanted[] {
  const { type, metadata, stream, revision } = event as Recorded<UserEvent>;
  if (type !== 'UserCreated' || metadata.actor === 'system') return [];
  const about = { stream, revision };
  const userId = idOf(stream);
  return [told('email', 'confirm_registration', about)(userId), told('in-app', 'user_created', about)(userId)];
}

function peopleOf({ maker, assignee, commenters }: TaskAsOf): (string | null)[] {
  return [maker, assignee, ...commenters];
}

/** The people, each once, without missing ones and without the one who did it. */
function others(people: readonly (string | null | undefined)[], actor: string): string[] {
  return [...new Set(people)].filter((one): one is string => Boolean(one) && one !== actor);
}
