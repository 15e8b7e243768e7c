/**
 * The record of a kind of notification: all that is said of it anywhere. Pure and without schemas, because the page reads it, too.
 *
 *     const aboutTask = kindAbout<'task', ToldOfTask>('task', { id: '7d9f2b2e', title: 'Replace the lamp', … });
 *     export const taskKinds = { due_soon: aboutTask({ channels: ['in-app'], subject: ({ title }) => `Due soon: ${title}`, … }) };
 */

export const CHANNELS = ['email', 'sms', 'in-app'] as const;
export type Channel = (typeof CHANNELS)[number];

/** The words of a mail between its greeting and its link. */
export interface MailText {
  lead: string;
  /** The thing itself, in its own words, set apart from ours; a title that is empty stands for nothing. */
  quote?: { title: string; description: string };
}

/** The page that a mail or an SMS leads to. */
export interface PageLink<Told> {
  /** The words that the link stands under in a mail. */
  action: string;
  /** The path on the pages, as `/#task=<id>`. */
  path(told: Told): string;
}

/** The words of an item of the inbox that has none of its own. */
export interface InboxWords {
  /** The title where the thing that it is about has none that the reader may see. */
  title: string;
  text: string;
  /** The text where the thing is the reader's to do. */
  own?: string;
}

/** The words of a kind. `Told` is what can be told of the thing that it is about, looked up when a message is made. */
export interface KindWords<Told> {
  /** The subject of a mail, and the text of an SMS before its link; whatever is told, it is made one line. */
  subject(told: Told): string;
  text(told: Told): MailText;
  /** Missing where there is no page to lead to. */
  link?: PageLink<Told>;
  inbox: InboxWords;
  /** True where the page says it aloud when it comes into the inbox; false where the board itself says what has happened. */
  aloud: boolean;
}

/** A category of things that notifications are about. */
export interface CategoryContract<About extends string, Told> {
  about: About;
  /** An example of what can be told of one, for tests and docs. */
  example: Told;
}

/** A kind: its words, what it is about, and the channels on which a policy may ask for it. */
export interface KindContract<About extends string, Told, On extends Channel> extends CategoryContract<About, Told>, KindWords<Told> {
  channels: readonly On[];
}

/** Makes the maker of the kinds about one category, each of which keeps its own channels in its type. */
export function kindAbout<About extends string, Told>(about: About, example: Told) {
  return <On extends Channel>(kind: KindWords<Told> & { channels: readonly On[] }): KindContract<About, Told, On> => ({ about, example, ...kind });
}
