/** The form of mails and SMS: plain text, and for mails the same as HTML. */
import type { Content } from '../contracts/notification.ts';
import type { KindWords, MailText } from '../contracts/notifications/kind.ts';

/** The words of one notification. */
export interface Words extends MailText {
  subject: string;
  /** The link to the page; missing where there is none. Its `url` may hold a secret. */
  link?: { action: string; url: string };
}

/** The words of a kind about the given facts. `publicUrl`: the address of the pages, without a slash at the end. */
export function wordsOf<Told>({ subject, text, link }: KindWords<Told>, told: Told, publicUrl: string): Words {
  const leadsTo = link && { link: { action: link.action, url: `${publicUrl}${link.path(told)}` } };
  return { subject: subject(told), ...text(told), ...leadsTo };
}

/** The subject (one line), text and HTML of a mail. */
export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** A mail of these words. `name`: the recipient's; empty where it is not known. */
export function render(name: string, { subject, lead, quote, link }: Words): Rendered {
  const hello = name ? `Hello ${name},` : 'Hello,';
  const quoted = [quote?.title, quote?.description].filter(Boolean);
  const text = [hello, lead, ...quoted, ...(link ? [`${link.action}: ${link.url}`] : [])].join('\n\n');
  const go = link ? `<p><a href="${escaped(link.url)}">${link.action}</a></p>` : '';
  const body = [paragraph(hello), paragraph(lead), blockquote(quote), go].join('');
  return { subject: oneLine(subject), text: `${text}\n`, html: page(body) };
}

/** The text of an SMS: the subject, and the link. */
export function brief({ subject, link }: Words): string {
  return `${oneLine(subject).slice(0, BRIEF)} ${link?.url ?? ''}`;
}
/** The most characters of an SMS before its link. */
const BRIEF = 200;

/** A mail in the words of the one who asked for it. Without a subject, the text's first line is the subject. */
export function worded({ subject, text }: Content): Rendered {
  const [first = ''] = text.trim().split('\n', 1);
  return { subject: oneLine(subject ?? first.slice(0, 200)), text: `${text}\n`, html: page(paragraph(text)) };
}

const page = (body: string) => `<!doctype html><html><head><meta charset="utf-8"></head><body>${body}</body></html>`;

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const paragraph = (text: string) => `<p>${escaped(text).replaceAll('\n', '<br>')}</p>`;

function blockquote(quote: MailText['quote']): string {
  if (!quote?.title) return '';
  return `<blockquote><strong>${escaped(quote.title)}</strong>${quote.description ? paragraph(quote.description) : ''}</blockquote>`;
}

/** A text as one line, for headers: without control characters, line and paragraph separators. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
