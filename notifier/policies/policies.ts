/** Policies: which event, in its newest shape, asks for which notifications. Pure. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent } from '../../contracts/notification.ts';
import type { ChannelOf, Kind } from '../../contracts/notifications/kinds.ts';
import type { Role } from '../../contracts/role.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { TimerEvent } from '../../contracts/timer.ts';
import type { UserEvent } from '../../contracts/user.ts';
import type { TaskAsOf } from './task-as-of.ts';

type Requested = Extract<NotificationEvent, { type: 'NotificationRequested' }>['data'];
/** A notification of one kind, on a channel that its record names. */
interface WantedOf<K extends Kind, Recipient = Requested['recipient']> extends Omit<Requested, 'kind' | 'channel' | 'recipient'> {
  kind: K;
  channel: ChannelOf<K>;
  recipient: Recipient;
}
/** A notification that a policy asks for. */
export type Wanted = { [K in Kind]: WantedOf<K> }[Kind];

/**
 * The same for everybody who has a role right after the event, one notification each; `except`: a user's id who is not told, as of the one who did it.
 *
 *     { channel: 'in-app', kind, recipient: { role: 'security', except: event.metadata.actor }, about }
 */
export type WantedOfRole = { [K in Kind]: WantedOf<K, { role: Role; except?: string }> }[Kind];

type Recorded<E extends { type: string }> = RecordedEvent & E;
type About = Wanted['about'];

/**
 * Asks for a notification of one user.
 *
 *     people.map(told('in-app', 'comment_added', { stream, revision }))
 */
export const told =
  <K extends Kind>(channel: ChannelOf<K>, kind: K, about: About) =>
  (userId: string): WantedOf<K> => ({ channel, kind, recipient: { userId }, about });

/**
 * What happens to a task is told to its people (who made it, has it to do, commented), and never to the one who did it; but the mail of its creation
 * goes to its maker where it is for nobody else yet. Mail is for the one who has something to do. The assignment by the creating command asks for
 * nothing: that user is told of the creation.
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

/** The one from whom it was taken is told, too. */
function assigned({ userId, previous }: Assignment, people: readonly (string | null)[], { actor, about }: { actor: string; about: About }): Wanted[] {
  return [
    ...others([userId], actor).map(told('email', 'task_assigned', about)),
    ...others([userId, previous, ...people], actor).map(told('in-app', 'task_assigned', about)),
  ];
}

/** Which task the policy must know, as of an event: those whose people the event does not name. */
export function taskOf({ type, stream }: RecordedEvent): string | undefined {
  return ['TaskAssigned', 'TaskCommented', 'TaskStatusChanged'].includes(type) ? stream : undefined;
}

/**
 * A deadline that comes near, or has passed, is told to the task's people, and maker and assignee have a mail of one that has passed: where it is
 * still the task's, and there is still something to do. One that comes near is no news any more when it has passed, as after a long time without a scheduler: then the other one comes too.
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

/** The task that a timer is of. */
export function timedTask(event: RecordedEvent): string {
  return (event as Recorded<TimerEvent>).data.subject;
}

/**
 * The confirmation mail of a new user, and a welcome in the inbox. The first admin, whom the system itself made, is confirmed by having the
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

/** Each once, without nobody and without the one who did it. */
function others(people: readonly (string | null | undefined)[], actor: string): string[] {
  return [...new Set(people)].filter((one): one is string => Boolean(one) && one !== actor);
}
