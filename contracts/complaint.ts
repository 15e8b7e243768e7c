/**
 * Complaint: what somebody is not content with at a site. Events, commands, views, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove. Its words are their authors'. Of one that was filed anonymously nothing says
 * who filed it: the event's actor is `anonymous`.
 */
import { z } from 'zod';
import { type Actor, aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { id, instant, line, prose } from './fields.ts';
import { personal } from './personal.ts';
import { rolesAt, type SiteRole } from './post.ts';
import { priority } from './task.ts';
import { typedLine, typedProse } from './typed-text.ts';

export const COMPLAINT_STATES = ['filed', 'acknowledged', 'in-progress', 'resolved'] as const;
const state = z.enum(COMPLAINT_STATES);
export type ComplaintStatus = z.infer<typeof state>;

/** What a complaint is of. Values are storage formats. */
export const CAUSES = ['noise', 'cleanliness', 'damage', 'heating', 'neighbours', 'service', 'charges', 'other'] as const;
const cause = z.enum(CAUSES);

/** The roles that handle the complaints of their sites, beside admins. */
export const COMPLAINT_ROLES = ['staff', 'customer-service'] as const satisfies readonly SiteRole[];

const subject = line(1, 200);
const text = prose(1, 10_000);
const labels = z.array(line(1, 50)).max(20, 'at most 20 labels');
const place = id.nullable();

const ComplaintFiled = z.strictObject({
  site: id.describe('The site.'),
  place: place.describe('The place of the site that it is about; null where none is named.'),
  cause: cause.describe('What it is of.'),
  priority: priority.describe('How urgent it is.'),
  subject: personal(subject, 'author').describe('What it is about, in one line.'),
  text: personal(text, 'author').describe('What somebody is not content with.'),
  filedBy: id.nullable().describe('The user who filed it; null where it was filed anonymously, and nothing says who did.'),
});
const ComplaintEdited = z.strictObject({
  cause: cause.optional().describe('What it is of; missing where that stays.'),
  priority: priority.optional().describe('How urgent it is; missing where that stays.'),
  labels: personal(labels, 'author', []).optional().describe('All labels it has now; missing where they stay.'),
});
const ComplaintStatusChanged = z.strictObject({ from: state.describe('The state before.'), to: state.describe('The state now.') });
const ComplaintReopened = z.strictObject({});
const ComplaintEscalated = z.strictObject({});
const ComplaintReplied = z.strictObject({
  reply: id.describe('The reply.'),
  text: personal(text, 'author').describe('What was said. Who filed the complaint sees it.'),
});
const ComplaintNoted = z.strictObject({
  note: id.describe('The note.'),
  text: personal(text, 'author').describe('What was said among those who handle it. Who filed the complaint does not see it.'),
});

export type ComplaintEvent =
  | DecidedEvent<'ComplaintFiled', z.infer<typeof ComplaintFiled>>
  | DecidedEvent<'ComplaintEdited', z.infer<typeof ComplaintEdited>>
  | DecidedEvent<'ComplaintStatusChanged', z.infer<typeof ComplaintStatusChanged>>
  | DecidedEvent<'ComplaintReopened', z.infer<typeof ComplaintReopened>>
  | DecidedEvent<'ComplaintEscalated', z.infer<typeof ComplaintEscalated>>
  | DecidedEvent<'ComplaintReplied', z.infer<typeof ComplaintReplied>>
  | DecidedEvent<'ComplaintNoted', z.infer<typeof ComplaintNoted>>;

const FileComplaint = z.strictObject({
  site: id,
  place: place.optional(),
  cause,
  priority: priority.optional(),
  subject: typedLine(1, 200),
  text: typedProse(1, 10_000),
});
const FileAnonymously = FileComplaint.extend({
  final: z
    .literal(true, 'must be true: who filed it is kept nowhere, which cannot be undone')
    .meta({ description: 'That it cannot be undone: who filed it is kept nowhere, so they see no answer and change nothing.' }),
});
const EditComplaint = z.strictObject({
  cause: cause.optional(),
  priority: priority.optional(),
  labels: z.array(typedLine(1, 50)).max(20, 'at most 20 labels').optional(),
});
const ChangeComplaintStatus = z.strictObject({ status: z.enum(['acknowledged', 'in-progress', 'resolved']) });
const said = z.strictObject({ text: typedProse(1, 10_000) });

export type ComplaintCommand =
  | Command<'FileComplaint', z.infer<typeof FileComplaint>>
  | Command<'FileComplaintAnonymously', z.infer<typeof FileAnonymously>>
  | Command<'EditComplaint', z.infer<typeof EditComplaint>>
  | Command<'ChangeComplaintStatus', z.infer<typeof ChangeComplaintStatus>>
  | Command<'ReopenComplaint', null>
  | Command<'EscalateComplaint', null>
  | Command<'ReplyToComplaint', z.infer<typeof said>>
  | Command<'NoteOnComplaint', z.infer<typeof said>>;

/** What rights and topics ask of a complaint. */
export interface ComplaintParties {
  site: string;
  filedBy: string | null;
}

/** True for who handles the complaints of a site: its staff and customer service, admins, and this system itself. */
export function handlesComplaintsAt(actor: Pick<Actor, 'role' | 'posts'>, complaintSite: string): boolean {
  if (actor.role === 'admin' || actor.role === 'system') return true;
  return rolesAt(actor, complaintSite).some((role) => (COMPLAINT_ROLES as readonly SiteRole[]).includes(role));
}

/** The topics of a complaint's event: who handles it, and, but for notes, who filed it. */
export function complaintTopics({ site, filedBy }: ComplaintParties, { type }: Pick<ComplaintEvent, 'type'>): string[] {
  const handling = COMPLAINT_ROLES.map((role) => `site:${site}:${role}`);
  return type === 'ComplaintNoted' || filedBy === null ? handling : [...handling, `user:${filedBy}`];
}

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const UNIT = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09';
const SAID = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0c';
const FILED = {
  ...{ site: SITE, place: UNIT, cause: 'heating' as const, priority: 'high' as const },
  ...{ subject: 'It is cold again', text: 'The radiator in the hall has been cold since Monday.' },
};
const handled = 'as staff or customer service of its site, or an admin';

export const complaintContract = aggregate({
  category: 'complaint',
  topics: {},
  events: {
    ComplaintFiled: {
      begins: true,
      schema: ComplaintFiled,
      version: 1,
      summary: 'Somebody is not content with something at a site.',
      example: { ...FILED, filedBy: ALICE },
    },
    ComplaintEdited: {
      schema: ComplaintEdited,
      version: 1,
      summary: 'A complaint has another cause, priority or labels; only what changed is named.',
      example: { priority: 'urgent' },
    },
    ComplaintStatusChanged: {
      schema: ComplaintStatusChanged,
      version: 1,
      summary: 'A complaint is acknowledged, in progress or resolved.',
      example: { from: 'filed', to: 'acknowledged' },
    },
    ComplaintReopened: {
      schema: ComplaintReopened,
      version: 1,
      summary: 'A complaint that was resolved is in progress again.',
      example: {},
    },
    ComplaintEscalated: {
      schema: ComplaintEscalated,
      version: 1,
      summary: 'A complaint is escalated: the staff of its site is to see to it.',
      example: {},
    },
    ComplaintReplied: {
      schema: ComplaintReplied,
      version: 1,
      summary: 'Somebody said something that who filed the complaint sees.',
      example: { reply: SAID, text: 'Somebody comes on Tuesday.' },
    },
    ComplaintNoted: {
      schema: ComplaintNoted,
      version: 1,
      summary: 'Somebody who handles the complaint said something that who filed it does not see.',
      example: { note: SAID, text: 'The third time this winter.' },
    },
  },
  commands: {
    FileComplaint: {
      method: 'POST',
      path: '/api/complaints',
      body: FileComplaint,
      who: 'user',
      limit: 'mails',
      summary: 'File a complaint, as who lives or handles complaints at the site, or an admin. Without a priority it is normal.',
      example: FILED,
    },
    FileComplaintAnonymously: {
      method: 'POST',
      path: '/api/complaints/anonymous',
      body: FileAnonymously,
      who: 'user',
      limit: 'mails',
      unnamed: true,
      summary:
        'File a complaint anonymously, as who lives at the site. Who filed it is kept nowhere, neither in events nor in logs, which cannot be undone: they see no answer, and change nothing.',
      example: { ...FILED, final: true },
    },
    EditComplaint: {
      method: 'PATCH',
      path: '/api/complaints/:id',
      body: EditComplaint,
      who: 'user',
      summary: `Change cause, priority or labels of a complaint, ${handled}. Labels are sent as a whole.`,
      example: { priority: 'urgent' },
    },
    ChangeComplaintStatus: {
      method: 'PUT',
      path: '/api/complaints/:id/status',
      body: ChangeComplaintStatus,
      who: 'user',
      summary: `Say that a complaint is acknowledged, in progress or resolved, ${handled}.`,
      example: { status: 'acknowledged' },
    },
    ReopenComplaint: {
      method: 'POST',
      path: '/api/complaints/:id/reopen',
      body: null,
      who: 'user',
      limit: 'mails',
      summary: 'Have a complaint that was resolved in progress again, as who filed it or handles it.',
      example: null,
    },
    EscalateComplaint: {
      method: 'POST',
      path: '/api/complaints/:id/escalate',
      body: null,
      who: 'user',
      summary: `Escalate a complaint that is not resolved, ${handled}.`,
      example: null,
    },
    ReplyToComplaint: {
      method: 'POST',
      path: '/api/complaints/:id/replies',
      body: said,
      makes: 'reply',
      who: 'user',
      limit: 'mails',
      summary: 'Say something that who filed the complaint and who handles it see, as one of them.',
      example: { text: 'Somebody comes on Tuesday.' },
    },
    NoteOnComplaint: {
      method: 'POST',
      path: '/api/complaints/:id/notes',
      body: said,
      makes: 'note',
      who: 'user',
      summary: `Note something that who filed the complaint does not see, ${handled}.`,
      example: { text: 'The third time this winter.' },
    },
  },
});

/** A complaint, as `GET /api/complaints` shows it. */
export const complaintView = ComplaintFiled.extend({
  id,
  labels,
  status: state,
  escalated: z.boolean().describe('True since it was escalated, until it is reopened.'),
  filedAt: instant,
  revision: z.int().nonnegative(),
});
export type ComplaintView = z.infer<typeof complaintView>;

/** The kinds of lines of a complaint's history. */
const ENTRY_KINDS = ['filed', 'edited', 'status', 'reopened', 'escalated', 'reply', 'note'] as const;

/** A line of a complaint's history. */
export const complaintEntryView = z.strictObject({
  kind: z.enum(ENTRY_KINDS),
  time: instant,
  by: z.string().describe('Who did it; `anonymous` where it was filed so.'),
  status: state.optional().describe('The state since then, where that changed.'),
  text: z.string().optional().describe('What was said, of a reply or a note.'),
});
export type ComplaintEntryView = z.infer<typeof complaintEntryView>;

/** A complaint, as `GET /api/complaints/:id` shows it. */
export const complaintDetailView = complaintView.extend({
  history: z.array(complaintEntryView).describe('What happened to it, the last 500, the oldest first. Notes are shown to who handles it alone.'),
});
