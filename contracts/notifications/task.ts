/** The kinds of notification about tasks. */
import type { Status } from '../task.ts';
import { CHANNELS, kindAbout, type MailText, type PageLink } from './kind.ts';

/** The facts that can be told of a task, as it is when the message is made. */
export interface ToldOfTask {
  id: string;
  title: string;
  description: string;
  /** True where the recipient made the task and is not its assignee. */
  own: boolean;
  /** Whose task it is. A recipient who is no user (an address, a number) counts as the assignee: there is nobody to compare. */
  assignee: 'recipient' | 'another' | 'nobody';
  /** True where somebody has it. */
  taken: boolean;
  status: Status;
  /** True where the recipient asked not to be told of the task's comments and changes of status. */
  away: boolean;
  /** True where the task has the deadline that it had when the notification was asked for. */
  sameDeadline: boolean;
  /** True where its deadline has passed. */
  late: boolean;
}

/** The path of a task on the pages. */
export const taskPath = (id: string) => `/#task=${id}`;

const aboutTask = kindAbout<'task', ToldOfTask>('task', {
  id: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07',
  title: 'Replace the lamp in the hall',
  description: 'The one beside the lift flickers.\nBring a ladder.',
  own: false,
  assignee: 'recipient',
  taken: true,
  status: 'open',
  away: false,
  sameDeadline: true,
  late: false,
});
const link: PageLink<ToldOfTask> = { action: 'Open the task', path: ({ id }) => taskPath(id) };
const quoting = (lead: string, { title, description }: ToldOfTask): MailText => ({ lead, quote: { title, description } });
const title = 'A task';

/** A new task is told to the one who has it, or to its maker while nobody has. */
function notForThem({ assignee, own }: ToldOfTask): string | undefined {
  return assignee === 'recipient' || (assignee === 'nobody' && own) ? undefined : NOT_THEIRS;
}
const NOT_THEIRS = 'the task is not the recipient’s any more';

/** A deadline is told while something is still to be done by then. */
function notAwaited({ status, sameDeadline }: ToldOfTask): string | undefined {
  if (status !== 'open' && status !== 'in-progress') return `the task is ${status}`;
  return sameDeadline ? undefined : 'the task has another deadline, or none';
}

/** What a task has to do with somebody who watches it. */
const whose = ({ assignee, own }: ToldOfTask) => (own || assignee === 'recipient' ? 'a task of yours' : 'a task that you watch');

/** Comments and changes of status are told to who watches the task, and not to who ended that before the message was made. */
const notWatched = ({ away }: ToldOfTask) => (away ? 'the recipient does not watch the task any more' : undefined);

export const taskKinds = {
  task_created: aboutTask({
    channels: CHANNELS,
    choice: 'A new task for me',
    outdated: notForThem,
    subject: (task) => `New task: ${task.title}`,
    text: (task) => quoting(task.own ? 'you made a task:' : 'a task was made for you:', task),
    link,
    inbox: { title, text: 'This task was made for you.' },
    aloud: false,
  }),
  task_assigned: aboutTask({
    channels: CHANNELS,
    choice: 'A task that is assigned',
    outdated: ({ assignee }) => (assignee === 'recipient' ? undefined : NOT_THEIRS),
    subject: (task) => `Assigned to you: ${task.title}`,
    text: (task) => quoting('a task was assigned to you:', task),
    link,
    inbox: { title, text: 'Whose task it is has changed.', own: 'This task was assigned to you.' },
    aloud: false,
  }),
  task_unassigned: aboutTask({
    channels: CHANNELS,
    choice: 'A task that nobody has any more',
    outdated: ({ taken }) => (taken ? 'somebody has the task again' : undefined),
    subject: (task) => `Nobody has it any more: ${task.title}`,
    text: (task) => quoting('the account of whoever had this task was deleted, and nobody has it now:', task),
    link,
    inbox: { title, text: 'The account of whoever had it was deleted: nobody has it now.' },
    aloud: false,
  }),
  comment_added: aboutTask({
    channels: CHANNELS,
    toReaders: true,
    choice: 'A comment on a task that I watch',
    outdated: notWatched,
    subject: (task) => `Comment: ${task.title}`,
    text: (task) => quoting(`somebody commented on ${whose(task)}:`, task),
    link,
    inbox: { title, text: 'There is a new comment.' },
    aloud: false,
  }),
  status_changed: aboutTask({
    channels: CHANNELS,
    toReaders: true,
    choice: 'Another status of a task that I watch',
    outdated: notWatched,
    subject: (task) => `Moved: ${task.title}`,
    text: (task) => quoting(`${whose(task)} has another status:`, task),
    link,
    inbox: { title, text: 'It has another status.' },
    aloud: false,
  }),
  due_soon: aboutTask({
    channels: CHANNELS,
    toReaders: true,
    choice: 'A deadline that comes near',
    outdated: (task) => notAwaited(task) ?? (task.late ? 'the deadline has passed' : undefined),
    subject: (task) => `Due soon: ${task.title}`,
    text: (task) => quoting('a task of yours is due soon:', task),
    link,
    inbox: { title, text: 'It is due soon.' },
    aloud: true,
  }),
  overdue: aboutTask({
    channels: CHANNELS,
    toReaders: true,
    choice: 'A deadline that has passed',
    outdated: notAwaited,
    subject: (task) => `Overdue: ${task.title}`,
    text: (task) => quoting('the deadline of a task of yours has passed:', task),
    link,
    inbox: { title, text: 'Its deadline has passed.' },
    aloud: true,
  }),
};
