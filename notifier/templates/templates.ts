/** What mails say: plain text, and the same as HTML. */
import type { Content, Kind } from '../../contracts/notification.ts';

/** What a template may use; looked up when the mail is sent. */
export interface TemplateData {
  /** Name of the recipient. */
  name: string;
  /** Of the task, where it is about one. */
  title: string;
  description: string;
  /** True where the recipient made the task, and it is for nobody else yet. */
  own: boolean;
  /** Where to go: the task's page, or the confirmation (a secret); empty where there is no page. */
  link: string;
}

interface Text {
  subject(data: TemplateData): string;
  lead(data: TemplateData): string;
  /** What the link does. */
  action: string;
}

const TEXTS: Record<Kind, Text> = {
  // Its own words are in its content; without any there is this.
  message: { subject: () => 'A message', lead: () => 'there is a message for you.', action: 'Open the board' },

  task_created: {
    subject: ({ title }) => `New task: ${title}`,
    lead: ({ own }) => (own ? 'you made a task:' : 'a task was made for you:'),
    action: 'Open the task',
  },
  task_assigned: { subject: ({ title }) => `Assigned to you: ${title}`, lead: () => 'a task was assigned to you:', action: 'Open the task' },
  user_created: { subject: () => 'Welcome', lead: () => 'your account is there.', action: 'Open the board' },
  comment_added: { subject: ({ title }) => `Comment: ${title}`, lead: () => 'somebody commented on a task of yours:', action: 'Open the task' },
  status_changed: { subject: ({ title }) => `Moved: ${title}`, lead: () => 'a task of yours has another status:', action: 'Open the task' },
  due_soon: { subject: ({ title }) => `Due soon: ${title}`, lead: () => 'a task of yours is due soon:', action: 'Open the task' },
  overdue: { subject: ({ title }) => `Overdue: ${title}`, lead: () => 'the deadline of a task of yours has passed:', action: 'Open the task' },
  order_confirmed: { subject: ({ title }) => `Order confirmed: ${title}`, lead: () => 'your order is confirmed:', action: 'See the order' },
  order_rejected: { subject: ({ title }) => `Order not accepted: ${title}`, lead: () => 'your order cannot be accepted:', action: 'See the order' },
  confirm_registration: {
    subject: () => 'Confirm your registration',
    lead: () =>
      'please confirm your e-mail address. If you registered without a password, the link lets you set one. It is good for 48 hours. If you did not register, do nothing.',
    action: 'Confirm',
  },
};

/** Subject (one line), text and HTML of a mail. */
export function render(kind: Kind, data: TemplateData): Rendered {
  const { subject, lead, action } = TEXTS[kind];
  const about = [data.title, data.description].filter(Boolean);
  const hello = data.name ? `Hello ${data.name},` : 'Hello,';
  const text = [hello, lead(data), ...about, ...(data.link ? [`${action}: ${data.link}`] : [])].join('\n\n');
  const go = data.link ? `<p><a href="${escaped(data.link)}">${action}</a></p>` : '';
  const body = [paragraph(hello), paragraph(lead(data)), quote(data), go].join('');
  return { subject: oneLine(subject(data)), text: `${text}\n`, html: page(body) };
}

/** An SMS: what it is about, and where to go. */
export function brief(kind: Kind, data: TemplateData): string {
  return `${oneLine(TEXTS[kind].subject(data)).slice(0, BRIEF)} ${data.link}`;
}
/** Characters of an SMS before its link. */
const BRIEF = 200;

export interface Rendered {
  subject: string;
  text: string;
  html: string;
}

/** A mail in words that were given; without a subject, the first line is it. */
export function worded({ subject, text }: Content): Rendered {
  const [first = ''] = text.trim().split('\n', 1);
  return { subject: oneLine(subject ?? first.slice(0, 200)), text: `${text}\n`, html: page(paragraph(text)) };
}

const page = (body: string) => `<!doctype html><html><head><meta charset="utf-8"></head><body>${body}</body></html>`;

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const paragraph = (text: string) => `<p>${escaped(text).replaceAll('\n', '<br>')}</p>`;

function quote({ title, description }: TemplateData): string {
  if (!title) return '';
  return `<blockquote><strong>${escaped(title)}</strong>${description ? paragraph(description) : ''}</blockquote>`;
}

/** A header is one line whatever was put in: no control characters, no line or paragraph separators. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
