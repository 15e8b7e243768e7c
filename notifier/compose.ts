/** Makes the mail of a notification. Only what the mail needs is looked up, and only now: nothing of it was stored before. */
import type { CommandHandler } from '../write-side/decider.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import type { TaskState } from '../write-side/deciders/task.ts';
import type { UserState } from '../write-side/deciders/user.ts';
import type { Mail } from './mailer/mailer.ts';
import { render } from './templates/templates.ts';

export interface ComposeContext {
  commands: Pick<CommandHandler, 'load'>;
  /** Makes the one-time code of a confirmation link. */
  issueCode(userId: string, purpose: 'confirm'): Promise<string>;
  /** Where people reach the pages, without a slash at the end; empty as long as that is not known. */
  publicUrl(): string;
}

/** The recipient is gone. */
export class NobodyThere extends Error {
  override readonly name = 'NobodyThere';
}

/** The mail. Errors: NobodyThere; the store's own. */
export async function compose(id: string, { kind, recipientId, about }: NotificationState, context: ComposeContext): Promise<Mail> {
  const { state: user } = await context.commands.load<UserState>(`user-${recipientId}`);
  if (!user.exists || user.deleted) throw new NobodyThere('the recipient is no user any more');
  const data = { name: user.name, ...(await details(kind, recipientId, about.stream, context)) };
  return { to: { name: user.name, address: user.email }, ...render(kind, data), messageId: `${id}@${new URL(context.publicUrl()).hostname}` };
}

async function details(kind: NotificationState['kind'], recipientId: string, stream: string, { commands, issueCode, publicUrl }: ComposeContext) {
  if (kind === 'confirm_registration')
    return { title: '', description: '', own: false, link: `${publicUrl()}/#confirm=${await issueCode(recipientId, 'confirm')}` };
  const { state: task } = await commands.load<TaskState>(stream);
  const own = task.maker === recipientId && task.assignee !== recipientId;
  return { title: task.title, description: task.description, own, link: `${publicUrl()}/#task=${stream.slice('task-'.length)}` };
}
