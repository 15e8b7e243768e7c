/** Makes the mail of a notification. The facts that it tells are looked up now, and were never stored with the notification. */
import type { Actor } from '../contracts/aggregate.ts';
import { CHOOSABLE } from '../contracts/notification-choices.ts';
import type { Channel, KindContract } from '../contracts/notifications/kind.ts';
import { type AboutCategory, kinds, type ToldOf } from '../contracts/notifications/kinds.ts';
import type { UnsubscribeLinks } from '../platform/unsubscribe-link.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import { type Addressee, type AddresseeContext, addresseeOf } from './addressee.ts';
import type { Mail } from './mailer/mailer.ts';
import { TELLERS } from './registries.ts';
import { type LinkedPictures, type Rendered, render, strangerWordsOf, type Words, worded, wordsOf } from './render.ts';
import { NotYet } from './sending.ts';
import type { Reader, TellerContext, Telling } from './tellers/teller.ts';
import { Withdrawn } from './withdrawn.ts';

export interface ComposeContext extends TellerContext, AddresseeContext {
  commands: AddresseeContext['commands'];
  /** Makes the link that stops mails of a kind to a user; missing: mails hold none. */
  unsubscribe?: UnsubscribeLinks['linkOf'] | undefined;
  /** Finds the pictures of a task (its stream) that a reader may see now, for the links of a mail; missing: mails link no pictures. */
  picturesOf?: ((stream: string, reader: Actor) => Promise<LinkedPictures>) | undefined;
}

/**
 * The mail of a notification (`id`: the notification's). An addressee who is not known gets fixed words and no name, of kinds that have such words; of
 * others everything where mails reach nobody, else nothing yet. Errors: NotYet; Withdrawn; the store's own.
 */
export async function compose(id: string, state: NotificationState, context: ComposeContext, addressee?: Addressee): Promise<Mail> {
  const { to, reader, isKnown } = addressee ?? (await addresseeOf(state, context));
  const messageId = `${id}@${new URL(context.publicUrl()).hostname}`;
  if (state.content) return { to, ...worded(state.content), messageId };
  if (!isKnown && kinds[state.kind].toStrangers) return { to: { ...to, name: '' }, ...(await toStranger(state, reader, context)), messageId };
  if (!isKnown && context.strangerMails) throw new NotYet('the address is not confirmed');
  const words = await kindsWords(state, reader, context);
  const pictures = await picturesToldOf(state, reader, context);
  const stop = stopLinkOf(state, reader, context);
  return { to, ...render(to.name, { ...words, ...(pictures ? { pictures } : {}), ...stop }), messageId, ...stop };
}

/** The link that stops mails of the kind; nothing where they cannot be stopped, or where the recipient is no user. */
function stopLinkOf({ kind }: NotificationState, reader: Reader | null, { unsubscribe, publicUrl }: ComposeContext): { unsubscribe?: string } {
  if (!unsubscribe || !reader || !CHOOSABLE.includes(kind)) return {};
  return { unsubscribe: unsubscribe(publicUrl(), reader.id, kind) };
}

async function toStranger(state: NotificationState, reader: Reader | null, context: ComposeContext): Promise<Rendered> {
  return render('', await wordsAbout(kinds[state.kind], { about: state.about, recipient: state.recipient, reader }, context, strangers(context)));
}

/** True where a mail of the kind goes to a stranger's address, and is counted. */
export function isCounted({ kind, content }: NotificationState, { isKnown }: Addressee): boolean {
  return !isKnown && content === null && kinds[kind].toStrangers !== undefined;
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

/** The words of the notification's kind about its thing. Errors: Withdrawn; the store's own, and those of `issueCode`. */
export function kindsWords(state: NotificationState, reader: Reader | null, context: ComposeContext): Promise<Words> {
  return wordsAbout(kinds[state.kind], { about: state.about, recipient: state.recipient, reader }, context);
}

async function wordsAbout<About extends AboutCategory>(
  kind: KindContract<About, ToldOf[About], Channel>,
  telling: Telling,
  context: ComposeContext,
  words: WordsOf = wordsOf,
): Promise<Words> {
  const told = await TELLERS[kind.about](telling, context);
  const reason = kind.outdated(told);
  if (reason !== undefined) throw new Withdrawn(reason);
  return words(kind, told, context.publicUrl());
}

type WordsOf = <Told>(kind: KindContract<AboutCategory, Told, Channel>, told: Told, publicUrl: string) => Words;

const strangers =
  ({ site }: Pick<ComposeContext, 'site'>): WordsOf =>
  (kind, told, publicUrl) =>
    strangerWordsOf(kind, told, { publicUrl, site });
