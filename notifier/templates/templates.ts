/** What mails say: plain text, and the same as HTML. */
import type { Kind } from '../../contracts/notification.ts';

/** What a template may use; looked up when the mail is sent. */
export interface TemplateData {
  /** Name of the recipient. */
  name: string;
  /** Of the task, where it is about one. */
  title: string;
  description: string;
  /** True where the recipient made the task, and it is for nobody else yet. */
  own: boolean;
  /** Where to go: the task's page, or the confirmation. A secret in the latter case. */
  link: string;
}

interface Text {
  subject(data: TemplateData): string;
  lead(data: TemplateData): string;
  /** What the link does. */
  action: string;
}

const TEXTS: Record<Kind, Text> = {
  task_created: {
    subject: ({ title }) => `New task: ${title}`,
    lead: ({ own }) => (own ? 'you made a task:' : 'a task was made for you:'),
    action: 'Open the task',
  },
  task_assigned: { subject: ({ title }) => `Assigned to you: ${title}`, lead: () => 'a task was assigned to you:', action: 'Open the task' },
  confirm_registration: {
    subject: () => 'Confirm your registration',
    lead: () =>
      'please confirm your e-mail address. If you registered without a password, the link lets you set one. It is good for 48 hours. If you did not register, do nothing.',
    action: 'Confirm',
  },
};

/** Subject (one line), text and HTML of a mail. */
export function render(kind: Kind, data: TemplateData): { subject: string; text: string; html: string } {
  const { subject, lead, action } = TEXTS[kind];
  const about = [data.title, data.description].filter(Boolean);
  const text = [`Hello ${data.name},`, lead(data), ...about, `${action}: ${data.link}`].join('\n\n');
  const body = [paragraph(`Hello ${data.name},`), paragraph(lead(data)), quote(data), `<p><a href="${escaped(data.link)}">${action}</a></p>`].join(
    '',
  );
  return {
    subject: oneLine(subject(data)),
    text: `${text}\n`,
    html: `<!doctype html><html><head><meta charset="utf-8"></head><body>${body}</body></html>`,
  };
}

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
