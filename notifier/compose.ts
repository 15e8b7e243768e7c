/** Makes the mail of a notification. Only what the mail needs is looked up, and only now: nothing of it was stored before. */
import { idOf } from '../contracts/message.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import type { OrderState } from '../write-side/deciders/order.ts';
import type { TaskState } from '../write-side/deciders/task.ts';
import type { UserState } from '../write-side/deciders/user.ts';
import type { Mail } from './mailer/mailer.ts';
import { ofOrder } from './templates/order.ts';
import { render, worded } from './templates/templates.ts';

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
export async function compose(id: string, state: NotificationState, context: ComposeContext): Promise<Mail> {
  const to = await recipientOf(state, context);
  const messageId = `${id}@${new URL(context.publicUrl()).hostname}`;
  if (state.content) return { to, ...worded(state.content), messageId };
  const data = { name: to.name, ...(await details(state, context)) };
  return { to, ...render(state.kind, data), messageId };
}

/** Whom it goes to: a user as they are now, or an address that was given. */
async function recipientOf({ recipient }: NotificationState, { commands }: ComposeContext): Promise<Mail['to']> {
  if (recipient.address) return { name: '', address: recipient.address };
  const { name, email } = await userOf(recipient.userId ?? '', commands);
  return { name, address: email };
}

/** A user as they are now. Errors: NobodyThere; the store's own. */
export async function userOf(userId: string, commands: ComposeContext['commands']): Promise<UserState> {
  const { state: user } = await commands.load<UserState>(`user-${userId}`);
  if (!user.exists || user.deleted) throw new NobodyThere('the recipient is no user any more');
  return user;
}

/** What templates say of it. */
export async function details({ kind, recipient, about }: NotificationState, { commands, issueCode, publicUrl }: ComposeContext) {
  const { userId = '' } = recipient;
  if (kind === 'confirm_registration')
    return { title: '', description: '', own: false, link: `${publicUrl()}/#confirm=${await issueCode(userId, 'confirm')}` };
  if (kind === 'order_confirmed' || kind === 'order_rejected')
    return ofOrder(idOf(about.stream), (await commands.load<OrderState>(about.stream)).state);
  const { state: task } = await commands.load<TaskState>(about.stream);
  const own = task.maker === userId && task.assignee !== userId;
  return { title: task.title, description: task.description, own, link: `${publicUrl()}/#task=${idOf(about.stream)}` };
}
