/**
 * Notification: events, topics, views, an example of each. Effects are recorded first: a worker finds
 * here what to do, leases it, and records how it went.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { email, id, instant, line, phone, prose } from './fields.ts';
import { personal } from './message.ts';
import { CHANNELS, type Channel } from './notifications/kind.ts';
import { KINDS } from './notifications/kinds.ts';

export const channel = z.enum(CHANNELS);
/** What a notification says; `message`: what another backend asked to be told, in its own words. */
export const kind = z.enum(KINDS);

/** Whom to tell: a user (whose address is looked up when it is sent), or an address, or a phone number; exactly one of them. */
const recipient = z.strictObject({ userId: id.optional(), address: personal(email).optional(), phone: personal(phone).optional() });
export type Recipient = z.infer<typeof recipient>;

/** What is told in the asking one's own words: personal, since nobody knows what is in it. */
const content = z.strictObject({ subject: personal(line(1, 200)).optional(), text: personal(prose(1, 20_000)) });
export type Content = z.infer<typeof content>;

const NotificationRequested = z.strictObject({
  channel,
  kind,
  recipient,
  /** The stream it is about, and the revision that caused it. */
  about: z.strictObject({ stream: z.string(), revision: z.int().nonnegative() }),
  content: content.optional(),
  /** Not to be sent before. */
  sendAt: instant.optional(),
  /** The user or API key that asked for it; missing where a policy did. */
  askedBy: z.string().optional(),
});
const attempt = z.int().positive();
const NotificationProcessing = z.strictObject({
  attempt,
  /** Who leased it. */
  worker: z.string(),
  /** After this without an outcome, the attempt is unknown. */
  until: instant,
});
/** `providerId`: what the provider calls the message. */
const NotificationSent = z.strictObject({ attempt, providerId: z.string().optional() });
const NotificationDeferred = z.strictObject({
  attempt,
  /** What went wrong, the address left out. */
  error: z.string(),
  nextAttemptAt: instant,
});
const NotificationAttemptUnknown = z.strictObject({
  attempt,
  worker: z.string(),
  /** What went wrong, the address left out; missing where the worker told nothing any more. */
  error: z.string().optional(),
});
const NotificationFailed = z.strictObject({ attempt /** What went wrong, the address left out. */, error: z.string() });
const NotificationHeld = z.strictObject({ attempt });
const NotificationReported = z.strictObject({
  /** The provider's word, as `delivered` or `undelivered`. */
  status: z.string(),
  delivered: z.boolean(),
  error: z.string().optional(),
});
/** `reason`: why, where nobody asked for it. */
const NotificationCancelled = z.strictObject({ reason: z.string().optional() });
const NotificationRetried = z.strictObject({ channel, recipient });
const NotificationDiscarded = z.strictObject({});
const NotificationRead = z.strictObject({ read: z.boolean() });

export type NotificationEvent =
  | DecidedEvent<'NotificationRequested', z.infer<typeof NotificationRequested>>
  | DecidedEvent<'NotificationProcessing', z.infer<typeof NotificationProcessing>>
  | DecidedEvent<'NotificationSent', z.infer<typeof NotificationSent>>
  | DecidedEvent<'NotificationDeferred', z.infer<typeof NotificationDeferred>>
  | DecidedEvent<'NotificationAttemptUnknown', z.infer<typeof NotificationAttemptUnknown>>
  | DecidedEvent<'NotificationFailed', z.infer<typeof NotificationFailed>>
  | DecidedEvent<'NotificationHeld', z.infer<typeof NotificationHeld>>
  | DecidedEvent<'NotificationReported', z.infer<typeof NotificationReported>>
  | DecidedEvent<'NotificationCancelled', z.infer<typeof NotificationCancelled>>
  | DecidedEvent<'NotificationRetried', z.infer<typeof NotificationRetried>>
  | DecidedEvent<'NotificationDiscarded', z.infer<typeof NotificationDiscarded>>
  | DecidedEvent<'NotificationRead', z.infer<typeof NotificationRead>>;

/** `unknown`: an attempt ended without an outcome, and it is not sent again by itself. */
export const NOTIFICATION_STATUSES = ['pending', 'scheduled', 'processing', 'sent', 'failed', 'cancelled', 'unknown'] as const;
export const notificationStatus = z.enum(NOTIFICATION_STATUSES);
export type NotificationStatus = z.infer<typeof notificationStatus>;

/** Who hears of a notification's event live: its recipient under `user:<id>`, and `notifications` (each sees only its own there). Nobody, where that is no user. */
export function notificationTopics(recipientId: string | undefined): string[] {
  if (!recipientId) return [];
  return [`notifications:${recipientId}`, `user:${recipientId}`];
}

/** A phone number for SMS, an address for mail, a user for the inbox. */
const RECIPIENTS: Record<Channel, { field: keyof Recipient; schema: z.ZodType<string> }> = {
  email: { field: 'address', schema: email },
  sms: { field: 'phone', schema: phone },
  'in-app': { field: 'userId', schema: id },
};
/** Characters of one SMS at most: ten parts. */
const SMS_LENGTH = 1_530;
/** What stands for a variable; whatever it holds. */
const PLACE = /\{\{([^{}]*)\}\}/g;
const NAME = /^[\p{L}\p{N}_.-]{1,50}$/u;
const NAME_DETAIL = 'must be a name of letters, digits, . _ or -, of 50 at most';
const variables = z.record(
  z.string().regex(NAME, NAME_DETAIL),
  z.union([prose(0, 2_000), z.number()], 'must be a text of 2000 characters at most, or a number'),
  {
    error: ({ code }) => (code === 'invalid_key' ? NAME_DETAIL : 'must be an object of texts and numbers by name'),
  },
);
type Variables = Readonly<z.infer<typeof variables>>;

const sendBody = z
  .strictObject({
    type: channel,
    recipient: personal(z.string().max(254)).meta({ description: 'An e-mail address, a phone number (E.164, like +4915112345678), or a user’s id.' }),
    subject: personal(line(1, 200)).optional().meta({ description: 'Of a mail; without one, its first line.' }),
    content: personal(prose(1, 10_000)).meta({ description: 'What to say; {{name}} stands for the variable `name`.' }),
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

/** What is in braces must be the name of a variable that is given. */
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

/** What is sent has the limits of what is kept. */
function filledProblems({ subject, content, variables: given = {} }: Sent): FieldProblem[] {
  return [...filledProblem('subject', subject, given), ...filledProblem('content', content, given)];
}

function filledProblem(field: 'subject' | 'content', text: string | undefined, given: Variables): FieldProblem[] {
  if (text === undefined || namesIn(text).length === 0) return [];
  const { error } = FILLED[field].safeParse(lengthFilled(text, given) > MOST_FILLED ? 'x'.repeat(MOST_FILLED) : filled(text, given));
  return error ? [[[field], `with its variables filled in ${error.issues[0]?.message ?? 'is not valid'}`]] : [];
}

const FILLED = { subject: line(1, 200), content: prose(1, 20_000) };
/** UTF-16 units, more than any limit: what would be longer is not even made. */
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

/** The text with its variables filled in, once: what a variable holds is text, not another template. */
export function filled(text: string, given: Variables = {}): string {
  return text.replaceAll(PLACE, (place, name: string) => valueIn(name, given, place));
}

function valueIn(name: string, given: Variables, otherwise: string): string {
  const key = name.trim();
  return Object.hasOwn(given, key) ? String(given[key]) : otherwise;
}

/** The recipient of a channel as text. Error: none; what it is was checked. */
export function recipientOf(type: Channel, text: string): Recipient {
  return { [RECIPIENTS[type].field]: RECIPIENTS[type].schema.parse(text) };
}

const retryBody = z.strictObject({
  recipient: personal(z.string().max(254)).optional().meta({ description: 'The right address, number or user, where the old one was wrong.' }),
});
const readBody = z.strictObject({ read: z.boolean() });

/** Commands that come over HTTP. */
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
      summary: 'A worker leased the notification for one attempt.',
      example: { attempt: 1, worker: 'mail-1', until: '2026-11-21T09:01:00.000Z' },
    },
    NotificationSent: { schema: NotificationSent, version: 1, summary: 'The channel’s server took it.', example: { attempt: 1 } },
    NotificationDeferred: {
      schema: NotificationDeferred,
      version: 1,
      summary: 'An attempt failed in a way that may pass; the next comes later.',
      example: { attempt: 1, error: 'connect ECONNREFUSED', nextAttemptAt: '2026-11-21T09:00:10.000Z' },
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
      body: retryBody,
      who: ['admin'],
      summary: 'Have a notification that failed, or whose fate is unknown, tried again; with `recipient`, to another one.',
      example: { recipient: 'ann@example.org' },
      accepted: () => ({ status: 'pending' }),
    },
    DiscardNotification: {
      method: 'POST',
      path: '/api/admin/dead-letters/:id/discard',
      body: null,
      who: ['admin'],
      summary: 'Give up a notification that failed, or whose fate is unknown.',
      example: undefined,
    },
  },
});

/** A notification as lists show it. Whom it is for, where that is no user, is in its status alone. */
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
  /** What it says, where it is one's own in the inbox. */
  content: content.nullable(),
  read: z.boolean(),
  /** True where it failed or its fate is unknown, and no operator has given it up. */
  dead: z.boolean(),
  createdAt: instant,
  updatedAt: instant,
  revision: z.int().nonnegative(),
});
export type NotificationView = z.infer<typeof notificationView>;
