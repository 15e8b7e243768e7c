/**
 * Visit: somebody is expected at a site, or comes without being expected; arrives and leaves. Events, commands, view, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove.
 * Who comes has no account: what says who it is has a key of the visit's own, and is erased some time after it. No event or command holds the code of
 * a visit: that lives in the secrets store, and in the answer that made it.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { email, emailOnRecord } from './email.ts';
import { id, instant, line } from './fields.ts';
import { ERASED_ADDRESS, personal } from './personal.ts';
import { typedLine } from './typed-text.ts';

/** `missed`: nobody came before the end. `left` and all behind it are ends: nothing follows but the erasing. */
export const VISIT_STATUSES = ['expected', 'arrived', 'left', 'missed', 'refused', 'cancelled'] as const;
export const visitStatus = z.enum(VISIT_STATUSES);
export type VisitStatus = z.infer<typeof visitStatus>;

/** The most people of one visit. */
const MOST_PEOPLE = 200;

const name = personal(line(1, 100), 'visit').describe('The name of who comes, or of one of them.');
const plate = personal(line(1, 20), 'visit');
const contact = personal(emailOnRecord, 'visit', ERASED_ADDRESS).optional().describe('The address to reach them at; missing where none was given.');
const reason = personal(line(1, 300), 'visit');
const site = id.describe('The site.');
const unit = id.nullable().describe('The unit that they visit; null: none in particular.');
const host = id.describe('The user whom they visit.');
const hostOrNobody = id.nullable().describe('The user whom they visit; null: nobody in particular.');
const people = z.int().min(1).max(MOST_PEOPLE).describe('How many they are.');

const who = { name, plate: plate.optional().describe('Their licence plate; missing where none was given.'), email: contact, people };
const VisitorExpected = z.strictObject({
  ...{ site, unit, host, ...who },
  from: instant.describe('The beginning of the time in which they may come.'),
  until: instant.describe('The end of that time.'),
});
const VisitorWalkedIn = z.strictObject({ site, unit, host: hostOrNobody, ...who });
const ofVisit = { site, unit, host: hostOrNobody, people };
const VisitorArrived = z.strictObject(ofVisit);
const VisitorLeft = z.strictObject({
  ...ofVisit,
  forgotten: z.literal(true).optional().describe('True where nobody said so, and it was assumed long afterwards; missing else.'),
});
const VisitorRefused = z.strictObject({ ...ofVisit, reason: reason.describe('Why they were not let in.') });
const VisitorMissed = z.strictObject(ofVisit);
const VisitCancelled = z.strictObject(ofVisit);
const VisitErased = z.strictObject({ site });

export type VisitEvent =
  | DecidedEvent<'VisitorExpected', z.infer<typeof VisitorExpected>>
  | DecidedEvent<'VisitorWalkedIn', z.infer<typeof VisitorWalkedIn>>
  | DecidedEvent<'VisitorArrived', z.infer<typeof VisitorArrived>>
  | DecidedEvent<'VisitorLeft', z.infer<typeof VisitorLeft>>
  | DecidedEvent<'VisitorRefused', z.infer<typeof VisitorRefused>>
  | DecidedEvent<'VisitorMissed', z.infer<typeof VisitorMissed>>
  | DecidedEvent<'VisitCancelled', z.infer<typeof VisitCancelled>>
  | DecidedEvent<'VisitErased', z.infer<typeof VisitErased>>;

const typedWho = {
  name: typedLine(1, 100),
  plate: typedLine(1, 20).optional(),
  email: email.optional(),
  people: z.int().min(1).max(MOST_PEOPLE, `must be at most ${MOST_PEOPLE} people`).optional(),
};
const ExpectVisitor = z.strictObject({ site: id, unit: id.optional(), host: id.optional(), ...typedWho, from: instant, until: instant });
const RegisterWalkIn = z.strictObject({ site: id, unit: id.optional(), host: id.optional(), ...typedWho });
const RefuseVisitor = z.strictObject({ reason: typedLine(1, 300) });

/** The commands; the last ones come from inside: a code that was shown at the desk, and the clock. */
export type VisitCommand =
  | Command<'ExpectVisitor', z.infer<typeof ExpectVisitor>>
  | Command<'RegisterWalkIn', z.infer<typeof RegisterWalkIn>>
  | Command<'ArriveVisitor', null>
  | Command<'LeaveVisitor', null>
  | Command<'RefuseVisitor', z.infer<typeof RefuseVisitor>>
  | Command<'CancelVisit', null>
  | Command<'ArriveByCode', null>
  | Command<'MissVisitor', null>
  | Command<'EraseVisit', null>;

/** The parts of a visit that its topics need. */
export interface VisitParties {
  site: string;
  host: string | null;
}

/** The topics of a visit's events: those who work at the desk of the site, and the host. */
export function visitTopics({ site: at, host: user }: VisitParties): string[] {
  return [`site:${at}:staff`, `site:${at}:security`, ...(user === null ? [] : [`user:${user}`])];
}

const HOST = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const UNIT = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09';
const VERA = { name: 'Vera Blume', plate: 'B-VB 2027', email: 'vera@example.org', people: 2 };
const OF_VISIT = { site: SITE, unit: UNIT, host: HOST, people: 2 };

export const visitContract = aggregate({
  category: 'visit',
  topics: {},
  events: {
    VisitorExpected: {
      begins: true,
      schema: VisitorExpected,
      version: 1,
      summary: 'Somebody is expected at a site.',
      example: { ...OF_VISIT, ...VERA, from: '2027-01-31T09:00:00.000Z', until: '2027-01-31T17:00:00.000Z' },
    },
    VisitorWalkedIn: {
      begins: true,
      schema: VisitorWalkedIn,
      version: 1,
      summary: 'Somebody came who was not expected, and was let in.',
      example: { ...OF_VISIT, name: 'Vera Blume' },
    },
    VisitorArrived: { schema: VisitorArrived, version: 1, summary: 'Who was expected is here.', example: OF_VISIT },
    VisitorLeft: { schema: VisitorLeft, version: 1, summary: 'Who was here has left.', example: OF_VISIT },
    VisitorRefused: {
      schema: VisitorRefused,
      version: 1,
      summary: 'Who was expected came, and was not let in.',
      example: { ...OF_VISIT, reason: 'No photo identification' },
    },
    VisitorMissed: { schema: VisitorMissed, version: 1, summary: 'The time of a visit is over, and nobody came.', example: OF_VISIT },
    VisitCancelled: { schema: VisitCancelled, version: 1, summary: 'Who was expected is expected no more.', example: OF_VISIT },
    VisitErased: {
      schema: VisitErased,
      version: 1,
      summary: 'The visit was long ago: the key of what says who came is destroyed.',
      example: { site: SITE },
    },
  },
  commands: {
    ExpectVisitor: {
      method: 'POST',
      path: '/api/visitors',
      body: ExpectVisitor,
      who: 'user',
      limit: 'visitors',
      summary:
        'Expect somebody, as a resident in the own unit, or as staff of the site for anybody there; for 31 days at most. The answer has the code of the visit, which is shown once.',
      example: { site: SITE, unit: UNIT, ...VERA, from: '2027-01-31T10:00:00+01:00', until: '2027-01-31T18:00:00+01:00' },
    },
    RegisterWalkIn: {
      method: 'POST',
      path: '/api/visitors/walk-ins',
      body: RegisterWalkIn,
      who: 'user',
      summary: 'Let somebody in who is not expected, as staff or security of the site.',
      example: { site: SITE, unit: UNIT, host: HOST, name: 'Vera Blume' },
    },
    ArriveVisitor: {
      method: 'POST',
      path: '/api/visitors/:id/arrive',
      body: null,
      who: 'user',
      summary: 'Let somebody in who is expected, as staff or security of the site.',
      example: null,
    },
    LeaveVisitor: {
      method: 'POST',
      path: '/api/visitors/:id/leave',
      body: null,
      who: 'user',
      summary: 'Note that somebody has left, as staff or security of the site.',
      example: null,
    },
    RefuseVisitor: {
      method: 'POST',
      path: '/api/visitors/:id/refuse',
      body: RefuseVisitor,
      who: 'user',
      summary: 'Do not let somebody in who is expected, as staff or security of the site.',
      example: { reason: 'No photo identification' },
    },
    CancelVisit: {
      method: 'POST',
      path: '/api/visitors/:id/cancel',
      body: null,
      who: 'user',
      summary: 'Expect somebody no more, as their host or as staff of the site.',
      example: null,
    },
  },
});

/** A visit, as `GET /api/visitors` and `GET /api/visitors/:id` show it. */
export const visitView = z.strictObject({
  ...{ id, site, unit, host: hostOrNobody, people },
  name,
  plate: plate.nullable().describe('Their licence plate; null where none was given.'),
  email: emailOnRecord.nullable().describe('The address to reach them at; null where none was given.'),
  from: instant.describe('The beginning of the time in which they may come; of who was not expected, when they came.'),
  until: instant.nullable().describe('The end of that time; null for who was not expected.'),
  status: visitStatus,
  arrivedAt: instant.nullable(),
  leftAt: instant.nullable(),
  reason: reason.nullable().describe('Why they were not let in; null where they were not refused.'),
  erased: z.boolean().describe('True where it is not known any more who came.'),
  revision: z.int().nonnegative(),
});
export type VisitView = z.infer<typeof visitView>;

/** Those who are in the house, as `GET /api/sites/:id/inside` lists them. */
export const insideView = z.strictObject({
  at: instant.describe('The time of the list.'),
  people: z.int().nonnegative().describe('How many they are together.'),
  items: z.array(
    visitView.pick({ id: true, unit: true, host: true, name: true, plate: true, people: true }).extend({
      place: z.string().nullable().describe('The name of the unit; null where they visit none.'),
      arrivedAt: instant,
    }),
  ),
});
export type InsideView = z.infer<typeof insideView>;
