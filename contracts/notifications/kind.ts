/**
 * The record of a kind of notification: everything that is said of the kind anywhere. Pure and without schemas, because browsers load it, too.
 *
 *     const aboutTask = kindAbout<'task', ToldOfTask>('task', { id: '7d9f2b2e', title: 'Replace the lamp', … });
 *     export const taskKinds = { due_soon: aboutTask({ channels: ['in-app'], outdated: never, subject: ({ title }) => `Due soon: ${title}`, … }) };
 */

export const CHANNELS = ['email', 'sms', 'in-app'] as const;
export type Channel = (typeof CHANNELS)[number];

/** The words of a mail between its greeting and its link. */
export interface MailText {
  lead: string;
  /** The thing that the mail is about, in the thing's own words, set apart from ours. An empty title leaves the quote out. */
  quote?: { title: string; description: string };
}

/** The page that a mail or an SMS leads to. */
export interface PageLink<Told> {
  /** The words of the link in a mail. */
  action: string;
  /** The path on the pages, as `/#task=<id>`. */
  path(told: Told): string;
}

/** The words of an item of the inbox that has none of its own. */
export interface InboxWords {
  /** The title where the thing that the item is about has none that the reader may see. */
  title: string;
  text: string;
  /** The text for a reader who has to do the thing; missing: `text`. */
  own?: string;
}

/** The words of a kind. `Told`: the facts about its thing that a message can tell, looked up when the message is made. */
export interface KindWords<Told> {
  /** The subject of a mail, and the text of an SMS before its link. Line breaks are taken out of it. */
  subject(told: Told): string;
  text(told: Told): MailText;
  /**
   * The lead of a mail to an address that nobody has shown to be theirs: fixed, but for the name of the site. It has no quote, and its subject is that
   * of the kind, which then holds nothing that a person typed. Missing: no such address gets a mail of the kind; it waits until it is confirmed.
   */
  toStrangers?(site: string): string;
  /** The link of the message; missing where there is no page to lead to. */
  link?: PageLink<Told>;
  inbox: InboxWords;
  /** True where the page announces a new item of the inbox; false where the board announces the event itself. */
  aloud: boolean;
}

/** A category of things that notifications are about. */
export interface CategoryContract<About extends string, Told> {
  about: About;
  /** An example of the facts about one such thing, for tests and docs. */
  example: Told;
}

/** What the record of a kind says beside the category that it is about. */
export interface KindRecord<Told, On extends Channel> extends KindWords<Told> {
  /** The channels on which a policy may ask for it. */
  channels: readonly On[];
  /** The name under which a user chooses the channels of the kind; missing: it cannot be turned off. Such a kind has all channels. */
  choice?: string;
  /** True where those alone are told on any channel who could read its task right after the event. */
  toReaders?: true;
  /** True where its message holds a one-time code: it goes to the user's own address alone. */
  holdsCode?: true;
  /**
   * The reason why a mail or an SMS of the kind is not sent any more, by what its thing is now: words for the notification's history, without
   * personal data; undefined where it still applies. That the thing is there, and that the recipient may read it, is looked after for all kinds.
   */
  outdated(told: Told): string | undefined;
}

/** A kind: its record, and the category that it is about. */
export interface KindContract<About extends string, Told, On extends Channel> extends CategoryContract<About, Told>, KindRecord<Told, On> {}

/** For kinds that apply as long as their thing is there. */
export const never = (): undefined => undefined;

/** Returns the function that makes the kinds about one category. Each kind keeps its own channels in its type. */
export function kindAbout<About extends string, Told>(about: About, example: Told) {
  return <On extends Channel>(kind: KindRecord<Told, On>): KindContract<About, Told, On> => ({ about, example, ...kind });
}
