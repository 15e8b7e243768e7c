/** The kinds of notification about tasks. */
import { kindAbout, type MailText, type PageLink } from './kind.ts';

/** The facts that can be told of a task, as it is when the message is made. */
export interface ToldOfTask {
  id: string;
  title: string;
  description: string;
  /** True where the recipient made the task and is not its assignee. */
  own: boolean;
}

/** The path of a task on the pages. */
export const taskPath = (id: string) => `/#task=${id}`;

const aboutTask = kindAbout<'task', ToldOfTask>('task', {
  id: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07',
  title: 'Replace the lamp in the hall',
  description: 'The one beside the lift flickers.\nBring a ladder.',
  own: false,
});
const link: PageLink<ToldOfTask> = { action: 'Open the task', path: ({ id }) => taskPath(id) };
const quoting = (lead: string, { title, description }: ToldOfTask): MailText => ({ lead, quote: { title, description } });
const title = 'A task';

export const taskKinds = {
  task_created: aboutTask({
    channels: ['email', 'in-app'],
    subject: (task) => `New task: ${task.title}`,
    text: (task) => quoting(task.own ? 'you made a task:' : 'a task was made for you:', task),
    link,
    inbox: { title, text: 'This task was made for you.' },
    aloud: false,
  }),
  task_assigned: aboutTask({
    channels: ['email', 'in-app'],
    subject: (task) => `Assigned to you: ${task.title}`,
    text: (task) => quoting('a task was assigned to you:', task),
    link,
    inbox: { title, text: 'Whose task it is has changed.', own: 'This task was assigned to you.' },
    aloud: false,
  }),
  comment_added: aboutTask({
    channels: ['in-app'],
    subject: (task) => `Comment: ${task.title}`,
    text: (task) => quoting('somebody commented on a task of yours:', task),
    link,
    inbox: { title, text: 'There is a new comment.' },
    aloud: false,
  }),
  status_changed: aboutTask({
    channels: ['in-app'],
    subject: (task) => `Moved: ${task.title}`,
    text: (task) => quoting('a task of yours has another status:', task),
    link,
    inbox: { title, text: 'It has another status.' },
    aloud: false,
  }),
  due_soon: aboutTask({
    channels: ['in-app'],
    subject: (task) => `Due soon: ${task.title}`,
    text: (task) => quoting('a task of yours is due soon:', task),
    link,
    inbox: { title, text: 'It is due soon.' },
    aloud: true,
  }),
  overdue: aboutTask({
    channels: ['email', 'in-app'],
    subject: (task) => `Overdue: ${task.title}`,
    text: (task) => quoting('the deadline of a task of yours has passed:', task),
    link,
    inbox: { title, text: 'Its deadline has passed.' },
    aloud: true,
  }),
};
