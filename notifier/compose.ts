/** Makes the mail of a notification. The facts that it tells are looked up now, and were never stored with the notification. */
import type { Actor } from '../contracts/aggregate.ts';
import type { Channel, KindContract } from '../contracts/notifications/kind.ts';
import { type AboutCategory, kinds, type ToldOf } from '../contracts/notifications/kinds.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import type { Mail } from './mailer/mailer.ts';
import { TELLERS } from './registries.ts';
import { type LinkedPictures, render, type Words, worded, wordsOf } from './render.ts';
import { type Reader, type TellerContext, type Telling, userOf } from './tellers/teller.ts';
import { NobodyThere, Withdrawn } from './withdrawn.ts';

export interface ComposeContext extends TellerContext {
  /** Finds the pictures of a task (its stream) that a reader may see now, for the links of a mail; missing: mails link no pictures. */
  picturesOf?: ((stream: string, reader: Actor) => Promise<LinkedPictures>) | undefined;
}

/** The mail of a notification (`id`: the notification's). Errors: Withdrawn; the store's own. */
export async function compose(id: string, state: NotificationState, context: ComposeContext): Promise<Mail> {
  const reader = await readerOf(state, context);
  const to = recipientOf(state, reader);
  const messageId = `${id}@${new URL(context.publicUrl()).hostname}`;
  if (state.content) return { to, ...worded(state.content), messageId };
  const words = await kindsWords(state, reader, context);
  const pictures = await picturesToldOf(state, reader, context);
  return { to, ...render(to.name, { ...words, ...(pictures ? { pictures } : {}) }), messageId };
}

/** The pictures of the task that a mail is about; undefined where it is about none, or where nobody is known who may see them. */
async function picturesToldOf(
  { kind, about }: NotificationState,
  reader: Reader | null,
  context: ComposeContext,
): Promise<LinkedPictures | undefined> {
  if (!context.picturesOf || !reader || kinds[kind].about !== 'task') return undefined;
  const { role } = reader.user;
  return context.picturesOf(about.stream, { id: reader.id, role, seesAll: context.seesAll(role) });
}

/** The recipient of the mail: a user as they are now, or an address that was given. */
function recipientOf({ recipient }: NotificationState, reader: Reader | null): Mail['to'] {
  if (recipient.address) return { name: '', address: recipient.address };
  if (!reader) throw new NobodyThere('the recipient has no address');
  return { name: reader.user.name, address: reader.user.email };
}

/** The user who is told, also where an operator corrected the address; null where the recipient never was a user. Errors: NobodyThere; the store's own. */
export async function readerOf({ reader }: NotificationState, context: Pick<ComposeContext, 'commands'>): Promise<Reader | null> {
  return reader === null ? null : { id: reader, user: await userOf(reader, context) };
}

/** The words of the notification's kind about its thing. Errors: Withdrawn; the store's own, and those of `issueCode`. */
export function kindsWords(state: NotificationState, reader: Reader | null, context: ComposeContext): Promise<Words> {
  return wordsAbout(kinds[state.kind], { about: state.about, reader }, context);
}

async function wordsAbout<About extends AboutCategory>(
  kind: KindContract<About, ToldOf[About], Channel>,
  telling: Telling,
  context: ComposeContext,
): Promise<Words> {
  const told = await TELLERS[kind.about](telling, context);
  const reason = kind.outdated(told);
  if (reason !== undefined) throw new Withdrawn(reason);
  return wordsOf(kind, told, context.publicUrl());
}
