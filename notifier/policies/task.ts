/** Policies of tasks: the notifications that each event of a task, or of one of its timers, asks for in its newest shape. Pure. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import type { TimerEvent } from '../../contracts/timer.ts';
import { watchersOf } from '../../contracts/watchers.ts';
import type { TaskAsOf } from '../task-as-of.ts';
import { type About, others, told, type Wanted } from '../wanted.ts';

type Recorded<E extends { type: string }> = RecordedEvent & E;

/**
 * Comments and changes of status are told to who watches the task, the other events to its people (maker, assignee, commenters), but none to the one
 * who did it, except that the mail of the creation goes
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
      return data.atCreation ? [] : assigned(data, task, { actor, about });
    case 'TaskCommented':
      return others(watchersOf(task), actor).map(told('in-app', 'comment_added', about));
    case 'TaskStatusChanged':
      return others(watchersOf(task), actor).map(told('in-app', 'status_changed', about));
    default:
      return [];
  }
}

type Assignment = Extract<TaskEvent, { type: 'TaskAssigned' }>['data'];

/** The notifications of an assignment. The assignee before is told, too. */
function assigned(assignment: Assignment, task: TaskAsOf, { actor, about }: { actor: string; about: About }): Wanted[] {
  const { userId, previous, because } = assignment;
  const people = peopleOf(task);
  if (because === 'user_deleted') return orphaned(previous, task, about);
  return [
    ...others([userId], actor).map(told('email', 'task_assigned', about)),
    ...others([userId, previous, ...people], actor).map(told('in-app', 'task_assigned', about)),
  ];
}

/**
 * The notifications of a task that was taken from a deleted user: its maker has to look for somebody else. Nobody is mailed unless they chose so, since a
 * user may leave thousands of tasks.
 */
function orphaned(left: string | null, { maker, commenters }: TaskAsOf, about: About): Wanted[] {
  const isThere = (one: string) => one !== left;
  return [
    ...others([maker], '')
      .filter(isThere)
      .map(told('in-app', 'task_unassigned', about)),
    ...others(commenters, maker)
      .filter(isThere)
      .map(told('in-app', 'task_assigned', about)),
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

function peopleOf({ maker, assignee, commenters }: TaskAsOf): (string | null)[] {
  return [maker, assignee, ...commenters];
}
