/** The form of mails and SMS: plain text, and for mails the same as HTML. */
import { characters } from '../contracts/fields.ts';
import type { Content } from '../contracts/notification.ts';
import type { KindWords, MailText } from '../contracts/notifications/kind.ts';
import { kinds } from '../contracts/notifications/kinds.ts';
import { firstLine, oneLine, shortened, units } from './one-line.ts';

/** The words of one notification. */
export interface Words extends MailText {
  subject: string;
  /** The link to the page; missing where there is none. Its `url` may hold a secret. */
  link?: { action: string; url: string };
  /** The pictures of the thing, which a mail links; an SMS has no room for them. */
  pictures?: LinkedPictures;
  /** The link that stops mails of this kind; an SMS has no room for it. */
  unsubscribe?: string;
}

/** Pictures, each at an address of its own, and the number of those that are left out. */
export interface LinkedPictures {
  links: readonly { name: string; url: string }[];
  more: number;
}

/** The words of a kind about the given facts. `publicUrl`: the address of the pages, without a slash at the end. */
export function wordsOf<Told>({ subject, text, link }: KindWords<Told>, told: Told, publicUrl: string): Words {
  const leadsTo = link && { link: { action: link.action, url: `${publicUrl}${link.path(told)}` } };
  return { subject: subject(told), ...text(told), ...leadsTo };
}

/** The words of a kind for an address that nobody has shown to be theirs: a fixed lead, and nothing that a person typed. */
export function strangerWordsOf<Told>(kind: KindWords<Told>, told: Told, { publicUrl, site }: { publicUrl: string; site: string }): Words {
  const { quote: _, ...words } = wordsOf(kind, told, publicUrl);
  return { ...words, lead: kind.toStrangers?.(site) ?? '' };
}

/** The subject (one line), text and HTML of a mail. */
export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** A mail of these words. `name`: the recipient's; empty where it is not known. */
export function render(name: string, { subject, lead, quote, link, pictures, unsubscribe }: Words): Rendered {
  const hello = name ? `Hello ${name},` : 'Hello,';
  const quoted = [quote?.title, quote?.description].filter(Boolean);
  const text = [
    hello,
    lead,
    ...quoted,
    ...picturesInText(pictures),
    ...(link ? [`${link.action}: ${link.url}`] : []),
    ...stopInText(unsubscribe),
  ].join('\n\n');
  const go = link ? `<p dir="auto"><a href="${escaped(link.url)}">${link.action}</a></p>` : '';
  const body = [paragraph(hello), paragraph(lead), blockquote(quote), picturesInHtml(pictures), go, stopInHtml(unsubscribe)].join('');
  return { subject: oneLine(subject), text: `${text}\n`, html: page(body) };
}

const STOP = 'Stop mails like this one';
const stopInText = (url: string | undefined) => (url === undefined ? [] : [`${STOP}: ${url}`]);
const stopInHtml = (url: string | undefined) => (url === undefined ? '' : `<p dir="auto"><a href="${escaped(url)}">${STOP}</a></p>`);

/** The text of an SMS: the subject, and the link. */
export function brief({ subject, link }: Words): string {
  return [shortened(oneLine(subject), BRIEF, units).trimEnd(), ...(link ? [link.url] : [])].join(' ');
}
/** The most characters of an SMS before its link. */
const BRIEF = 200;

/** A mail in the words of the one who asked for it. The subject is the given one, or the text's first line, or, where nobody would see either, ours. */
export function worded({ subject = '', text }: Content): Rendered {
  const ours = kinds.message.subject(null);
  return {
    subject: oneLine(subject) || shortened(firstLine(text), SUBJECT, characters).trimEnd() || ours,
    text: `${text}\n`,
    html: page(paragraph(text)),
  };
}
/** The most characters of a subject that is made of a text. */
const SUBJECT = 200;

const page = (body: string) => `<!doctype html><html><head><meta charset="utf-8"></head><body>${body}</body></html>`;

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
/** Each paragraph has the direction of its own first letter. */
const paragraph = (text: string) => `<p dir="auto">${escaped(text).replaceAll('\n', '<br>')}</p>`;

function blockquote(quote: MailText['quote']): string {
  if (!quote?.title) return '';
  return `<blockquote dir="auto"><strong>${escaped(quote.title)}</strong>${quote.description ? paragraph(quote.description) : ''}</blockquote>`;
}

/** The line above the pictures. Their addresses end, so a reader who comes later knows why. */
const PICTURES = 'Pictures (each link can be opened for 24 hours after this mail was made):';
const leftOut = (more: number) => (more > 0 ? [`and ${more} more on the page`] : []);

function picturesInText({ links, more }: LinkedPictures = { links: [], more: 0 }): string[] {
  if (links.length === 0) return [];
  return [[PICTURES, ...links.map(({ name, url }) => `${oneLine(name)}: ${url}`), ...leftOut(more)].join('\n')];
}

function picturesInHtml({ links, more }: LinkedPictures = { links: [], more: 0 }): string {
  if (links.length === 0) return '';
  const items = links.map(({ name, url }) => `<a href="${escaped(url)}">${escaped(oneLine(name))}</a>`);
  return `${paragraph(PICTURES)}<ul>${[...items, ...leftOut(more)].map((item) => `<li dir="auto">${item}</li>`).join('')}</ul>`;
}
