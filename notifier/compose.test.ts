import { expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import { KINDS, type Kind, kinds } from '../contracts/notifications/kinds.ts';
import { initial as NO_NOTIFICATION, type NotificationState } from '../write-side/deciders/notification.ts';
import type { OrderState } from '../write-side/deciders/order.ts';
import { initial as NO_ORDER } from '../write-side/deciders/order.ts';
import { initial as NO_TASK, type TaskState } from '../write-side/deciders/task.ts';
import { initial as NO_USER, type UserState } from '../write-side/deciders/user.ts';
import { type ComposeContext, compose } from './compose.ts';
import { composeText } from './compose-text.ts';
import { Withdrawn } from './withdrawn.ts';

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const CAROL = '7e3f1b7e-2d79-4a5b-8f2a-8c9d0e1f2a04';
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const { deadline: DEADLINE = null } = exampleEvent('TaskCreated').data as { deadline?: string };
const euros = (amount: number) => ({ amount, currency: 'EUR' });

const user = (name: string): UserState => ({ ...NO_USER, exists: true, name, email: `${name.split(' ')[0]?.toLowerCase()}@example.org` });
const task = (title: string, more: Partial<TaskState> = {}): TaskState => ({
  ...NO_TASK,
  exists: true,
  title,
  maker: ALICE,
  assignee: BOB,
  deadline: DEADLINE,
  ...more,
});
const order = (more: Partial<OrderState>): OrderState => ({
  ...NO_ORDER,
  exists: true,
  items: [
    { sku: 'lamp-e27', quantity: 2, unitPrice: euros(1299) },
    { sku: 'ladder', quantity: 1, unitPrice: euros(8900) },
  ],
  total: euros(11_498),
  ...more,
});

const STATES: Readonly<Record<string, unknown>> = {
  [`user-${ALICE}`]: user('Alice "Al" O’Neill & <sons>'),
  [`user-${BOB}`]: user('Bob'),
  [`user-${CAROL}`]: { ...user('Carol'), confirmed: true },
  'user-7d9f2b2e-moving': { ...user('Dave'), pending: { email: 'dave@example.org', until: '2026-11-22T09:00:00.000Z' } },
  'user-7d9f2b2e-phone': { ...user('Erin'), pendingPhone: { phone: '+4915112345678', until: '2026-11-22T09:00:00.000Z' } },
  'invitation-7d9f2b2e': { exists: true, status: 'open', email: 'dave@example.org', until: '2026-11-28T09:00:00.000Z' },
  'task-7d9f2b2e-lamp': task('Replace the lamp in the hall', { description: 'The one beside the lift flickers.\nBring a ladder.' }),
  'task-7d9f2b2e-nobodys': task('Mend the fence', { assignee: null }),
  'task-7d9f2b2e-signs': task('<b>&amp; "quoted" it’s\u2028two lines', { description: '<script>\n\n& \'single\' = "double"' }),
  'task-7d9f2b2e-long': task('𝕏'.repeat(150)),
  'order-7d9f2b2e-taken': order({ status: 'confirmed' }),
  'order-7d9f2b2e-refused': order({
    status: 'rejected',
    reasons: [
      { rule: 'price', pointer: '/items/0/unitPrice', detail: 'lamp-e27 costs 13.99 EUR' },
      { rule: 'items', pointer: '/items', detail: 'at most one item' },
      { rule: 'quantity', pointer: '/items/7/quantity', detail: 'at most 3 of them' },
    ],
  }),
};

async function* pages(events: RecordedEvent[]): AsyncGenerator<RecordedEvent[]> {
  yield events;
}

const context: ComposeContext = {
  commands: {
    load: async <State>(stream: string) => ({ state: STATES[stream] as State, revision: 0, position: '' }),
    holder: async ({ value }) => (value === 'carol@example.org' ? CAROL : null),
  },
  issueCode: async (userId, purpose) => `${purpose}-c0de-of-${userId.slice(0, 4)}`,
  publicUrl: () => 'https://tasks.example.org',
  site: 'The House',
  seesAll: () => true,
  // All tasks are as they were made, also their deadlines.
  store: { readStream: () => pages([exampleEvent('TaskCreated')]) },
  now: () => new Date('2026-11-21T09:00:00.000Z'),
};

type Notified = Pick<NotificationState, 'kind' | 'about'> & Partial<NotificationState>;

/** The streams that kinds are told of. (A welcome is told in the inbox alone, and a message has its own words.) */
const TASKS = ['task-7d9f2b2e-lamp', 'task-7d9f2b2e-nobodys'];
const ABOUT: readonly [Kind, readonly string[]][] = [
  ['comment_added', TASKS],
  ['confirm_registration', [`user-${BOB}`]],
  ['due_soon', TASKS],
  ['order_confirmed', ['order-7d9f2b2e-taken']],
  ['order_rejected', ['order-7d9f2b2e-refused']],
  ['overdue', TASKS],
  ['status_changed', TASKS],
  ['task_assigned', TASKS],
  ['task_created', [...TASKS, 'task-7d9f2b2e-signs', 'task-7d9f2b2e-long']],
];
const WORDS = [
  { text: 'The lift is mended.\nThank you & <goodbye>.\n' },
  { subject: 'The "lift"\tagain', text: 'It’s\n\nmended.' },
  { text: `\n  ${'word '.repeat(60)}\nand more` },
  { text: `To begin with\n${'x'.repeat(1_600)}` },
];
const NOTIFIED: readonly Notified[] = [
  ...ABOUT.flatMap(([kind, streams]) => streams.map((stream) => ({ kind, about: { stream, revision: 0 } }))),
  ...WORDS.map((content) => ({ kind: 'message' as const, about: { stream: 'notification-1', revision: 0 }, content })),
];

const heading = ({ kind, about, content }: Notified, to: string) =>
  `===== ${kind}, ${about.stream}, ${content ? `${JSON.stringify(content).slice(0, 60)}, ` : ''}to ${to}`;

async function mail(one: Notified, recipient: NotificationState['recipient']): Promise<string> {
  const state = { ...NO_NOTIFICATION, ...one, recipient, reader: recipient.userId ?? null };
  const made = await compose('11-22', state, context).catch(withdrawn);
  if (typeof made === 'string') return [heading(one, JSON.stringify(recipient)), `not sent: ${made}`].join('\n');
  const { to, subject, text, html, messageId } = made;
  return [heading(one, `${to.name} <${to.address}>`), `Message-ID: ${messageId}`, `Subject: ${subject}`, text, html].join('\n');
}

function withdrawn(error: Error): string {
  if (error instanceof Withdrawn) return error.message;
  throw error;
}

async function sms(one: Notified): Promise<string> {
  // A confirmation is for a user, wherever it is sent.
  const reader = one.about.stream.startsWith('user-') ? BOB : null;
  const { to, text } = await composeText({ ...NO_NOTIFICATION, ...one, recipient: { phone: '+4915112345678' }, reader }, context);
  return [heading(one, to), JSON.stringify(text)].join('\n');
}

it('mails say what they always said, sign for sign', async () => {
  const users = [{ userId: BOB }, { userId: ALICE }];
  const recipients = ({ about }: Notified) => (/^(task|user)-/.test(about.stream) ? users : [{ address: 'carol@example.org' }]);
  const mails = await Promise.all(NOTIFIED.flatMap((one) => recipients(one).map((recipient) => mail(one, recipient))));
  await expect(`${mails.join('\n')}\n`).toMatchFileSnapshot('mails.golden.txt');
});

it('an address that nobody has confirmed gets fixed words, with the name of the site and nothing that a person typed', async () => {
  const typed = /Bob|lamp|ladder|98|most/;
  const unknown = { userId: BOB };
  const stranger = { address: 'dave@example.org' };
  const of = (kind: Kind, stream: string, recipient: NotificationState['recipient']) =>
    compose('11-22', { ...NO_NOTIFICATION, kind, about: { stream, revision: 0 }, recipient, reader: recipient.userId ?? null }, context);
  const toAddress: readonly Kind[] = ['order_confirmed', 'order_rejected', 'invitation', 'confirm_email_change', 'email_changed'];
  const streams: Readonly<Partial<Record<Kind, string>>> = {
    order_confirmed: 'order-7d9f2b2e-taken',
    order_rejected: 'order-7d9f2b2e-refused',
    invitation: 'invitation-7d9f2b2e',
    confirm_email_change: 'user-7d9f2b2e-moving',
    email_change_requested: 'user-7d9f2b2e-moving',
  };
  for (const kind of KINDS.filter((one) => kinds[one].toStrangers !== undefined)) {
    const { to, subject, text, html } = await of(kind, streams[kind] ?? `user-${BOB}`, toAddress.includes(kind) ? stranger : unknown);
    expect(to.name).toBe('');
    expect(`${subject}${text}${html}`).toContain('The House');
    expect(`${subject}${text}${html}`).not.toMatch(typed);
    // The host stands in links alone: the site has one name.
    expect(`${subject}${text}${html}`.replaceAll(`${context.publicUrl()}/`, '')).not.toContain('tasks.example.org');
  }
});

it('an SMS with a code names the site, and ends with its last word', async () => {
  const recipient = { phone: '+4915112345678' };
  const about = { stream: 'user-7d9f2b2e-phone', revision: 0 };
  const { text } = await composeText({ ...NO_NOTIFICATION, kind: 'confirm_phone', about, recipient, reader: null }, context);
  expect(text).toBe('phone-c0de-of-7d9f is your code for The House. It is good for 10 minutes. If you did not ask for it, do nothing.');
});

it('SMS say what they always said, sign for sign', async () => {
  const texts = await Promise.all(NOTIFIED.map(sms));
  await expect(`${texts.join('\n')}\n`).toMatchFileSnapshot('sms.golden.txt');
});
