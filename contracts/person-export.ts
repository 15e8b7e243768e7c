/**
 * The document with all that is kept of a person, as `GET /api/users/:id/export` gives it: who it is of, a list for each kind of thing, and at the very
 * end `complete: true`. A document without that was cut off in the middle.
 *
 * It has what is about the person and what they wrote. Of others it has no name, no address and no word: they are `another`.
 */
import { z } from 'zod';
import { auditEntry } from './audit.ts';
import { complaintView } from './complaint.ts';
import { emailOnRecord } from './email.ts';
import { id, instant } from './fields.ts';
import { invitationStatus } from './invitation.ts';
import { mediaView } from './media.ts';
import { channel, kind, notificationStatus } from './notification.ts';
import { choicesByKind } from './notification-choices.ts';
import { orderView } from './order.ts';
import { repairSummary } from './repair-view.ts';
import { role } from './role.ts';
import { taskSummaryView } from './task.ts';
import { visitStatus } from './visit.ts';

/** The one who did something: the person, somebody else, or this system. */
const by = z.enum(['you', 'another', 'system']);

const profile = z.strictObject({
  ...{ id, name: z.string(), email: z.string(), role, confirmed: z.boolean() },
  confirmedAt: instant.nullable().meta({ description: 'When the address was confirmed last; null where it is not.' }),
  createdAt: instant.nullable(),
  deleted: z.boolean().meta({ description: 'True where the account was deleted: its name and address stand in `account` alone.' }),
  pendingEmail: emailOnRecord.nullable().meta({ description: 'The address that is wanted, and not confirmed yet.' }),
  phone: z.string().nullable(),
  pendingPhone: z.string().nullable(),
  password: z.boolean().meta({ description: 'True where there is one. It is kept as a hash alone.' }),
  secondFactor: z.boolean().meta({ description: 'True where it is on. Its secret is not given.' }),
  notificationChoices: choicesByKind,
});

const task = taskSummaryView.omit({ maker: true, assignee: true, comments: true, revision: true }).extend({
  description: z.string(),
  deleted: z.boolean(),
  maker: by,
  assignee: by.nullable(),
});

/** The sections that are lists, each with the schema of an item, in the order of the document. */
export const EXPORT_SECTIONS = {
  account: z.strictObject({
    type: z.string().meta({ description: 'The type of the event, as `EmailChanged`.' }),
    time: instant,
    by,
    data: z.unknown().meta({ description: 'What the event says: names, addresses and numbers of before, too.' }),
  }),
  sessions: z.strictObject({
    ...{ id, createdAt: instant, lastUsedAt: instant, endsAt: instant },
    device: z.string().meta({ description: 'Browser and system in words.' }),
    ...{ userAgent: z.string().nullable(), ip: z.string() },
  }),
  signIns: z.strictObject({ issuer: z.string(), since: instant }),
  apiKeys: z.strictObject({
    ...{ id, name: z.string(), requestsPerMinute: z.int(), createdAt: instant, lastUsed: instant.nullable() },
  }),
  reservations: z.strictObject({
    kind: z.enum(['email']),
    value: emailOnRecord.meta({ description: 'An address that nobody else can have, since it is kept for the person.' }),
  }),
  tasks: task,
  comments: z.strictObject({ id, task: id, text: z.string(), time: instant }),
  notifications: z.strictObject({
    ...{ id, channel, kind, status: notificationStatus },
    about: z.string().meta({ description: 'The stream of the thing that it is about, as `task-<uuid>`.' }),
    subject: z.string().nullable(),
    text: z.string().meta({ description: 'Its own words; else those of its kind. A mail had the words of its thing besides, which are not kept.' }),
    ...{ read: z.boolean(), attempts: z.int(), lastError: z.string().nullable(), createdAt: instant, updatedAt: instant },
  }),
  orders: orderView.omit({ maker: true, revision: true }),
  files: mediaView.omit({ maker: true, revision: true }).extend({
    maker: by,
    url: z
      .string()
      .nullable()
      .meta({ description: 'Where an address to fetch the bytes is asked for, by who is logged in; null where there are none.' }),
  }),
  invitations: z.strictObject({
    ...{ id, role, status: invitationStatus, madeAt: instant, until: instant },
    maker: by,
    accepted: by.nullable().meta({ description: 'Who accepted it.' }),
  }),
  residencies: z.strictObject({
    ...{ id, site: id, unit: id, from: instant },
    until: instant.nullable().meta({ description: 'The end; null where none is known.' }),
  }),
  downtimes: z.strictObject({
    ...{ id, asset: id, from: instant, reason: z.string() },
    until: instant.nullable().meta({ description: 'The end; null while it is out of service.' }),
  }),
  repairs: repairSummary
    .omit({ requester: true, assignee: true, revision: true })
    .extend({ description: z.string(), assignee: by.nullable().meta({ description: 'Who is to repair it.' }) }),
  repairWords: z.strictObject({
    ...{ repair: id, time: instant, text: z.string() },
    as: z.enum(['comment', 'reason', 'cost']).meta({ description: 'What it was said as.' }),
  }),
  visits: z.strictObject({
    ...{ id, site: id, unit: id.nullable(), people: z.int(), status: visitStatus, from: instant },
    until: instant.nullable().meta({ description: 'The end of the time in which they were expected; null for who was not expected.' }),
  }),
  complaints: complaintView.omit({ filedBy: true, revision: true }),
  complaintWords: z.strictObject({
    ...{ complaint: id, text: z.string(), time: instant },
    kind: z.enum(['reply', 'note']).meta({ description: 'A note is not shown to who filed the complaint.' }),
  }),
  audit: auditEntry.omit({ user: true, about: true, network: true }).extend({
    by: by.nullable().meta({ description: 'Who asked; null where nobody was logged in.' }),
    about: by.nullable().meta({ description: 'Whom it is about, where that is known.' }),
    network: z.string().nullable().meta({ description: 'Where it came from, where that was you: also a login to your account that was done.' }),
  }),
} as const satisfies Record<string, z.ZodType>;

export type ExportSection = keyof typeof EXPORT_SECTIONS;
/** An item of a section. */
export type ExportItem<S extends ExportSection> = z.infer<(typeof EXPORT_SECTIONS)[S]>;
export type ExportProfile = z.infer<typeof profile>;

/** The names of the sections, in the order of the document. */
export const SECTION_NAMES = Object.keys(EXPORT_SECTIONS) as ExportSection[];

const lists = Object.fromEntries(Object.entries(EXPORT_SECTIONS).map(([name, item]) => [name, z.array(item)])) as {
  [S in ExportSection]: z.ZodArray<(typeof EXPORT_SECTIONS)[S]>;
};

/** The whole document. */
export const personExport = z.strictObject({
  format: z.literal('taskledger person export'),
  version: z.literal(1),
  exportedAt: instant,
  profile,
  ...lists,
  complete: z.literal(true).meta({ description: 'The last member. A document without it was cut off: ask again.' }),
});

/** Who did something, as the person's own document says it: of others no id. */
export function byOf(actor: string, person: string): z.infer<typeof by> {
  if (actor === person) return 'you';
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(actor) || actor === 'operator' ? 'another' : 'system';
}

/** The same of somebody, or nobody. */
export function byOrNobody(actor: string | null, person: string): z.infer<typeof by> | null {
  return actor === null ? null : byOf(actor, person);
}
