/**
 * Notification: events, topics, views, an example of each. A message is recorded before it is sent: a worker finds
 * the notification undecided, leases it, sends, and records how that went.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { email, emailOnRecord } from './email.ts';
import { id, instant, line, phone, prose } from './fields.ts';
import { CHANNELS, type Channel } from './notifications/kind.ts';
import { KINDS } from './notifications/kinds.ts';
import { ERASED_ADDRESS, ERASED_PHONE, personal } from './personal.ts';
import { typedLine, typedProse } from './typed-text.ts';

export const channel = z.enum(CHANNELS);
/** The kind of a notification; `message`: another backend asked for it, in its own words. */
export const kind = z.enum(KINDS);

/** The recipient: a user (whose address is looked up when the message is sent), or an address, or a phone number; exactly one of them. */
const recipient = z.strictObject({
  userId: id.optional().describe('A user, whose address is looked up when the message is sent.'),
  address: personal(emailOnRecord, 'addressee', ERASED_ADDRESS).optional().describe('An e-mail address.'),
  phone: personal(phone, 'addressee', ERASED_PHONE).optional().describe('A phone number, as E.164 writes it.'),
});
export type Recipient = z.infer<typeof recipient>;

/** The message in the words of the backend that asked for it: personal, since nobody knows what is in it. */
const content = z.strictObject({
  subject: personal(line(1, 200), 'addressee').optional().describe('The subject of a mail; missing: the first line of the text.'),
  text: personal(prose(1, 20_000), 'addressee').describe('The text, with its variables filled in.'),
});
export type Content = z.infer<typeof content>;

const NotificationRequested = z.strictObject({
  channel: channel.describe('How it is told.'),
  kind: kind.describe('What it says; `message`: another backend asked for it, in its own words.'),
  recipient: recipient.describe('Whom it is for: one of these.'),
  about: z
    .strictObject({
      stream: z.string().describe('The stream that the notification is about.'),
      revision: z.int().nonnegative().describe('The revision there of the event that caused it.'),
    })
    .describe('What it is about.'),
  content: content.optional().describe('The message of a `message`; missing for all other kinds.'),
  sendAt: instant.optional().describe('The time before which it is not sent; missing: at once.'),
  askedBy: z.string().optional().describe('The user or API key that asked for it; missing where a policy did.'),
  causedBy: z.string().optional().describe('The actor of the event for which a policy asked for it; missing in events of older releases.'),
});
const attempt = z.int().positive().describe('Which attempt, from 1.');
const worker = z.string().describe('The name of the worker that leased it.');
const error = z.string().describe('What went wrong, without the address.');
const NotificationProcessing = z.strictObject({
  attempt,
  worker,
  until: instant.describe(
    'The end of the lease; it comes again, later, where the lease is renewed. Without an outcome until then, the attempt’s fate is unknown.',
  ),
  lease: z.int().min(0).optional().describe('Milliseconds that the lease lasts, whatever clocks are set to; missing in events of older releases.'),
});
const NotificationSent = z.strictObject({
  attempt,
  providerId: z.string().optional().describe('The provider’s name for the message.'),
  provider: z.string().optional().describe('Which of our providers took it, by its label; missing where there is one.'),
});
const NotificationDeferred = z.strictObject({
  attempt,
  error,
  nextAttemptAt: instant.describe('The time of the next attempt.'),
  wait: z.int().min(0).optional().describe('Milliseconds until then, whatever clocks are set to; missing in events of older releases.'),
  uncounted: z.literal(true).optional().describe('Nothing was tried: the limit of attempts does not count this one.'),
  waitsSince: instant.optional().describe('The time since which it has waited for a provider that cannot be reached, or not be used as it is set.'),
  heldSince: instant.optional().describe('The time since which it is held back: its address is not confirmed, or has had enough mails for now.'),
});
const NotificationReleased = z.strictObject({ channel: channel.describe('How it is told.') });
const NotificationAttemptUnknown = z.strictObject({
  attempt,
  worker,
  error: error.optional().describe('What went wrong, without the address; missing where the worker was never heard of again.'),
});
const NotificationFailed = z.strictObject({ attempt, error });
const NotificationHeld = z.strictObject({ attempt });
const NotificationReported = z.strictObject({
  status: z.string().describe('The provider’s word, as `delivered` or `undelivered`.'),
  delivered: z.boolean().describe('True where it arrived.'),
  error: z.string().optional().describe('The provider’s error.'),
});
const NotificationCancelled = z.strictObject({
  reason: z.string().optional().describe('Why it was cancelled; missing where somebody asked for that.'),
});
const NotificationRetried = z.strictObject({
  channel: channel.describe('How it is told.'),
  recipient: recipient.describe('Whom it is for.'),
});
const NotificationDiscarded = z.strictObject({});
const NotificationRead = z.strictObject({ read: z.boolean().describe('True for read, false for unread again.') });

export type NotificationEvent =
  | DecidedEvent<'NotificationRequested', z.infer<typeof NotificationRequested>>
  | DecidedEvent<'NotificationProcessing', z.infer<typeof NotificationProcessing>>
  | DecidedEvent<'NotificationSent', z.infer<typeof NotificationSent>>
  | DecidedEvent<'NotificationDeferred', z.infer<typeof NotificationDeferred>>
  | DecidedEvent<'NotificationReleased', z.infer<typeof NotificationReleased>>
  | DecidedEvent<'NotificationAttemptUnknown', z.infer<typeof NotificationAttemptUnknown>>
  | DecidedEvent<'NotificationFailed', z.infer<typeof NotificationFailed>>
  | DecidedEvent<'NotificationHeld', z.infer<typeof NotificationHeld>>
  | DecidedEvent<'NotificationReported', z.infer<typeof NotificationReported>>
  | DecidedEvent<'NotificationCancelled', z.infer<typeof NotificationCancelled>>
  | DecidedEvent<'NotificationRetried', z.infer<typeof NotificationRetried>>
  | DecidedEvent<'NotificationDiscarded', z.infer<typeof NotificationDiscarded>>
  | DecidedEvent<'NotificationRead', z.infer<typeof NotificationRead>>;

/** `unknown`: an attempt ended without an outcome, and the message is not sent again by itself. */
export const NOTIFICATION_STATUSES = ['pending', 'scheduled', 'processing', 'sent', 'failed', 'cancelled', 'unknown'] as const;
export const notificationStatus = z.enum(NOTIFICATION_STATUSES);
export type NotificationStatus = z.infer<typeof notificationStatus>;

/** The rooms of a notification's events: its recipient's `user:<id>` and `notifications:<id>`; none where the recipient is no user. */
export function notificationTopics(recipientId: string | undefined): string[] {
  if (!recipientId) return [];
  return [`notifications:${recipientId}`, `user:${recipientId}`];
}

/** The field of the recipient that each channel needs: an address for mail, a phone number for SMS, a user for the inbox. */
const RECIPIENTS: Record<Channel, { field: keyof Recipient; schema: z.ZodType<string> }> = {
  email: { field: 'address', schema: email },
  sms: { field: 'phone', schema: phone },
  'in-app': { field: 'userId', schema: id },
};
/** The most characters of one SMS: ten parts. */
const SMS_LENGTH = 1_530;
/** A place of a template where a variable is filled in, as `{{name}}`; the braces may hold any text. */
const PLACE = /\{\{([^{}]*)\}\}/g;
const NAME = /^[\p{L}\p{N}_.-]{1,50}$/u;
const NAME_DETAIL = 'must be a name of letters, digits, . _ or -, of 50 at most';
const variables = z.record(
  z.string().regex(NAME, NAME_DETAIL),
  z.union([typedProse(0, 2_000), z.number()], 'must be a text of 2000 characters at most, or a number'),
  {
    error: ({ code }) => (code === 'invalid_key' ? NAME_DETAIL : 'must be an object of texts and numbers by name'),
  },
);
type Variables = Readonly<z.infer<typeof variables>>;

const sendBody = z
  .strictObject({
    type: channel,
    recipient: personal(z.string().max(254), 'address').meta({
      description: 'An e-mail address, a phone number (E.164, like +4915112345678), or a user’s id.',
    }),
    subject: personal(typedLine(1, 200), 'addressee').optional().meta({ description: 'Of a mail; without one, its first line.' }),
    content: personal(typedProse(1, 10_000), 'addressee').meta({ description: 'What to say; {{name}} stands for the variable `name`.' }),
    variables: variables.optional(),
    sendAt: instant.optional().meta({ description: 'Not before; default: at once.' }),
  })
  .superRefine((body, context) => {
    for (const [path, message] of [...recipientProblems(body), ...variableProblems(body), ...filledProblems(body), ...smsProblems(body)])
      context.addIssue({ code: 'custom', path, message });
  });

interface Sent {
  type: Channel;
  recipient: string;
  subject?: string | undefined;
  content: string;
  variables?: Record<string, string | number> | undefined;
}
type FieldProblem = [path: string[], message: string];

function recipientProblems({ type, recipient }: Sent): FieldProblem[] {
  const { error } = RECIPIENTS[type].schema.safeParse(recipient);
  return error ? [[['recipient'], error.issues[0]?.message ?? 'is not valid']] : [];
}

/** The problems of braces that do not hold the name of a variable that is given. */
function variableProblems({ subject = '', content, variables: given = {} }: Sent): FieldProblem[] {
  return Object.entries({ subject, content }).flatMap(([field, text]) =>
    namesIn(text).flatMap((name): FieldProblem[] => {
      if (Object.hasOwn(given, name)) return [];
      return [
        NAME.test(name)
          ? [['variables', name], `is missing: ${field} needs it`]
          : [[field], `has {{${name.slice(0, 60)}}}: a variable ${NAME_DETAIL}`],
      ];
    }),
  );
}

function namesIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACE)].map(([, name = '']) => name.trim()))];
}

/** The problems of subject and text with their variables filled in: they have the limits of `content`, as which they are stored. */
function filledProblems({ subject, content, variables: given = {} }: Sent): FieldProblem[] {
  return [...filledProblem('subject', subject, given), ...filledProblem('content', content, given)];
}

function filledProblem(field: 'subject' | 'content', text: string | undefined, given: Variables): FieldProblem[] {
  if (text === undefined || namesIn(text).length === 0) return [];
  const { error } = FILLED[field].safeParse(lengthFilled(text, given) > MOST_FILLED ? 'x'.repeat(MOST_FILLED) : filled(text, given));
  return error ? [[[field], `with its variables filled in ${error.issues[0]?.message ?? 'is not valid'}`]] : [];
}

const FILLED = { subject: typedLine(1, 200), content: typedProse(1, 20_000) };
/** In UTF-16 units, above the limits of all fields: a longer text is refused before it is made. */
const MOST_FILLED = 50_000;

function lengthFilled(text: string, given: Variables): number {
  let length = text.length;
  for (const [place, name = ''] of text.matchAll(PLACE)) length += valueIn(name, given, place).length - place.length;
  return length;
}

function smsProblems({ type, subject, content, variables: given = {} }: Sent): FieldProblem[] {
  if (type !== 'sms') return [];
  return [
    ...(subject ? [[['subject'], 'does not belong to an SMS'] as FieldProblem] : []),
    ...(lengthFilled(content, given) > SMS_LENGTH ? [[['content'], `must have at most ${SMS_LENGTH} characters`] as FieldProblem] : []),
  ];
}

/** The text with its variables filled in, once: a variable's value is text, not another template. */
export function filled(text: string, given: Variables = {}): string {
  return text.replaceAll(PLACE, (place, name: string) => valueIn(name, given, place));
}

function valueIn(name: string, given: Variables, otherwise: string): string {
  const key = name.trim();
  return Object.hasOwn(given, key) ? String(given[key]) : otherwise;
}

/** The recipient that a text names on a channel: an address, a phone number or a user's id. The text must have been checked. */
export function recipientOf(type: Channel, text: string): Recipient {
  return { [RECIPIENTS[type].field]: RECIPIENTS[type].schema.parse(text) };
}

const retryBody = z.strictObject({
  recipient: personal(z.string().max(254), 'address')
    .optional()
    .meta({ description: 'The right address, number or user, where the old one was wrong.' }),
});
const readBody = z.strictObject({ read: z.boolean() });

/** The commands that come over HTTP. */
export type NotificationRequest =
  | Command<'SendNotification', z.infer<typeof sendBody>>
  | Command<'CancelNotification', null>
  | Command<'ReadNotification', z.infer<typeof readBody>>
  | Command<'RetryNotification', z.infer<typeof retryBody>>
  | Command<'DiscardNotification', null>;

const OPERATORS = ['admin', 'service'] as const;

export const notificationContract = aggregate({
  category: 'notification',
  topics: {
    notifications: {
      of: 'caller',
      tells: 'your own notifications (on `NotificationSent`, `NotificationRead`: `GET /api/inbox`)',
      followers: 'everybody',
    },
  },
  events: {
    NotificationRequested: {
      begins: true,
      schema: NotificationRequested,
      version: 1,
      summary: 'Somebody is to be told of something.',
      example: {
        channel: 'email',
        kind: 'task_created',
        recipient: { userId: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02' },
        about: { stream: 'task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', revision: 0 },
      },
    },
    NotificationProcessing: {
      schema: NotificationProcessing,
      version: 1,
      summary: 'A worker leased the notification for one attempt, or renewed that lease: the attempt takes longer.',
      example: { attempt: 1, worker: 'mail-1', until: '2026-11-21T09:01:00.000Z', lease: 60_000 },
    },
    NotificationSent: { schema: NotificationSent, version: 1, summary: 'The channel’s server took it.', example: { attempt: 1 } },
    NotificationDeferred: {
      schema: NotificationDeferred,
      version: 1,
      summary: 'An attempt failed in a way that may pass; the next comes later.',
      example: { attempt: 1, error: 'connect ECONNREFUSED', nextAttemptAt: '2026-11-21T09:00:10.000Z', wait: 10_000 },
    },
    NotificationReleased: {
      schema: NotificationReleased,
      version: 1,
      summary: 'What held it back is over: its address is confirmed. It is tried at once.',
      example: { channel: 'email' },
    },
    NotificationAttemptUnknown: {
      schema: NotificationAttemptUnknown,
      version: 1,
      summary: 'A lease ran out without an outcome: the message may have been sent.',
      example: { attempt: 1, worker: 'mail-1' },
    },
    NotificationFailed: {
      schema: NotificationFailed,
      version: 1,
      summary: 'It cannot be delivered; nobody will try again by themselves.',
      example: { attempt: 5, error: '550 no such mailbox' },
    },
    NotificationHeld: {
      schema: NotificationHeld,
      version: 1,
      summary: 'After an unknown attempt nobody sends it again by themselves.',
      example: { attempt: 1 },
    },
    NotificationReported: {
      schema: NotificationReported,
      version: 1,
      summary: 'What the provider said of it later.',
      example: { status: 'delivered', delivered: true },
    },
    NotificationCancelled: { schema: NotificationCancelled, version: 1, summary: 'It is not to be sent any more.', example: {} },
    NotificationRetried: {
      schema: NotificationRetried,
      version: 1,
      summary: 'An operator has it tried again, to a corrected recipient perhaps.',
      example: { channel: 'email', recipient: { address: 'ann@example.org' } },
    },
    NotificationDiscarded: { schema: NotificationDiscarded, version: 1, summary: 'An operator gave it up.', example: {} },
    NotificationRead: {
      schema: NotificationRead,
      version: 1,
      summary: 'The recipient read it in the inbox, or marked it unread.',
      example: { read: true },
    },
  },
  commands: {
    SendNotification: {
      method: 'POST',
      path: '/api/notifications/send',
      body: sendBody,
      who: OPERATORS,
      summary: 'Send an e-mail, an SMS or an in-app notification; it is recorded first, and tried until it is sent or has failed.',
      example: {
        type: 'email',
        recipient: 'ann@example.org',
        subject: 'Your parcel',
        content: 'Dear {{name}}, it is here.',
        variables: { name: 'Ann' },
      },
      accepted: ({ sendAt }: z.infer<typeof sendBody>) => ({ status: sendAt ? 'scheduled' : 'pending' }),
    },
    CancelNotification: {
      method: 'POST',
      path: '/api/notifications/:id/cancel',
      body: null,
      who: OPERATORS,
      summary: 'Cancel a notification while it is scheduled or pending; with an API key, one that this key asked for.',
      example: undefined,
    },
    ReadNotification: {
      method: 'PUT',
      path: '/api/notifications/:id/read',
      body: readBody,
      who: 'user',
      summary: 'Mark a notification in your inbox as read, or unread.',
      example: { read: true },
    },
    RetryNotification: {
      method: 'POST',
      path: '/api/admin/dead-letters/:id/retry',
      audit: 'operation',
      body: retryBody,
      who: ['admin'],
      summary: 'Have a notification that failed, or whose fate is unknown, tried again; with `recipient`, to another one.',
      example: { recipient: 'ann@example.org' },
      accepted: () => ({ status: 'pending' }),
    },
    DiscardNotification: {
      method: 'POST',
      path: '/api/admin/dead-letters/:id/discard',
      audit: 'operation',
      body: null,
      who: ['admin'],
      summary: 'Give up a notification that failed, or whose fate is unknown.',
      example: undefined,
    },
  },
});

/** A notification as lists show it. A recipient that is no user (an address, a number) is not in it. */
export const notificationView = z.strictObject({
  id,
  channel,
  kind,
  recipient: z.strictObject({ userId: id.optional() }),
  about: z.strictObject({ stream: z.string(), revision: z.int().nonnegative() }),
  status: notificationStatus,
  attempts: z.int().nonnegative(),
  unknownAttempts: z.array(attempt),
  nextAttemptAt: instant.nullable(),
  lastError: z.string().nullable(),
  /** The words of an item of the inbox that has its own; else null. */
  content: content.nullable(),
  read: z.boolean(),
  /** True where the notification failed or its fate is unknown, and no operator has discarded it. */
  dead: z.boolean(),
  createdAt: instant,
  updatedAt: instant,
  revision: z.int().nonnegative(),
});
export type NotificationView = z.infer<typeof notificationView>;
