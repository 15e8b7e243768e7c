/** Makes the mail of a notification. The facts that it tells are looked up now, and were never stored with the notification. */
import type { Channel, KindContract } from '../contracts/notifications/kind.ts';
import { type AboutCategory, kinds, type ToldOf } from '../contracts/notifications/kinds.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import type { UserState } from '../write-side/deciders/user.ts';
import type { Mail } from './mailer/mailer.ts';
import { TELLERS } from './registries.ts';
import { render, type Words, worded, wordsOf } from './render.ts';
import type { TellerContext } from './tellers/teller.ts';

export interface ComposeContext extends TellerContext {
  /** The address where people reach the pages, without a slash at the end; empty as long as it is not known. */
  publicUrl(): string;
}

/** The recipient exists no more, or has no address on the channel. */
export class NobodyThere extends Error {
  override readonly name = 'NobodyThere';
}

/** The mail of a notification (`id`: the notification's). Errors: NobodyThere; the store's own. */
export async function compose(id: string, state: NotificationState, context: ComposeContext): Promise<Mail> {
  const to = await recipientOf(state, context);
  const messageId = `${id}@${new URL(context.publicUrl()).hostname}`;
  if (state.content) return { to, ...worded(state.content), messageId };
  return { to, ...render(to.name, await kindsWords(state, context)), messageId };
}

/** The recipient of the mail: a user as they are now, or an address that was given. */
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

/** The words of the notification's kind about its thing. Errors: the store's own, and those of `issueCode`. */
export function kindsWords(state: NotificationState, context: ComposeContext): Promise<Words> {
  return wordsAbout(kinds[state.kind], state, context);
}

async function wordsAbout<About extends AboutCategory>(
  kind: KindContract<About, ToldOf[About], Channel>,
  state: NotificationState,
  context: ComposeContext,
): Promise<Words> {
  return wordsOf(kind, await TELLERS[kind.about](state, context), context.publicUrl());
}
