/** Policies: which event, in its newest shape, asks for which notifications. Pure. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent } from '../../contracts/notification.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { UserEvent } from '../../contracts/user.ts';

/** What a policy asks for. */
export type Wanted = Extract<NotificationEvent, { type: 'NotificationRequested' }>['data'];

type Recorded<E extends { type: string }> = RecordedEvent & E;

/**
 * Mail to a task's user: on creation for the one it is for, else its maker; on a later assignment for the new assignee.
 * The assignment by the creating command asks for nothing: that user is told of the creation.
 */
export function taskPolicy(event: RecordedEvent): Wanted[] {
  const { type, data } = event as Recorded<TaskEvent>;
  const about = { stream: event.stream, revision: event.revision };
  if (type === 'TaskCreated') return [{ channel: 'email', kind: 'task_created', recipient: { userId: data.userId ?? data.maker }, about }];
  if (type === 'TaskAssigned' && data.userId && !data.atCreation)
    return [{ channel: 'email', kind: 'task_assigned', recipient: { userId: data.userId }, about }];
  return [];
}

/** The confirmation mail of a new user. The first admin, whom the system itself made, is confirmed by having the password. */
export function registrationPolicy(event: RecordedEvent): Wanted[] {
  const { type } = event as Recorded<UserEvent>;
  if (type !== 'UserCreated' || event.metadata.actor === 'system') return [];
  const userId = event.stream.slice('user-'.length);
  return [{ channel: 'email', kind: 'confirm_registration', recipient: { userId }, about: { stream: event.stream, revision: event.revision } }];
}
