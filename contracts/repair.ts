/**
 * Repair request: something at a site is broken. Events and commands, an example of each; states and rights are in repair-state.ts, views in repair-view.ts.
 * Names and shapes of events are storage formats: add, never rename or remove. What is written of a request is its author's.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { id, instant, line, prose } from './fields.ts';
import { money } from './order.ts';
import { personal } from './personal.ts';
import { repairCause, repairState, SAID_STATES, waitedFor } from './repair-state.ts';
import { priority } from './task.ts';
import { typedLine, typedProse } from './typed-text.ts';

const title = line(1, 200);
const description = prose(0, 10_000);
const labels = z.array(line(1, 50)).max(20, 'at most 20 labels');
const typedLabels = z.array(typedLine(1, 50)).max(20, 'at most 20 labels');
const said = prose(1, 1_000);
const place = id.nullable();
const asset = id.nullable();
const cost = id.describe('The line of cost.');

const RepairFiled = z.strictObject({
  site: id.describe('The site.'),
  place: place.describe('The place that it is about; null where none is named.'),
  asset: asset.describe('The asset that it is about; null for none.'),
  title: personal(title, 'author').describe('What is broken, in one line.'),
  description: personal(description, 'author').optional().describe('More about it; missing where there is none.'),
  requester: id.nullable().describe('The user who filed it; null where that was done without an account.'),
  labels: personal(labels, 'author', []).describe('Words to find it by.'),
  filedAt: instant.describe('When it was filed: of two that are about the same, the later one is the duplicate.'),
});
const RepairEdited = z.strictObject({
  title: personal(title, 'author').optional().describe('The new title; missing where it stays.'),
  description: personal(description, 'author').optional().describe('The new description, empty for none; missing where it stays.'),
  labels: personal(labels, 'author', []).optional().describe('All labels it has now; missing where they stay.'),
  place: place.optional().describe('The place that it is about now; null for none; missing where it stays.'),
  asset: asset.optional().describe('The asset that it is about now; null for none; missing where it stays.'),
});
const RepairTriaged = z.strictObject({
  priority: priority.describe('How urgent it is.'),
  cause: repairCause.nullable().describe('Why it is broken; null where nobody knows yet.'),
  deadline: instant.nullable().describe('When it is to be done; null where there is no deadline.'),
});
const RepairAssigned = z.strictObject({
  userId: id.nullable().describe('Who is to repair it; null for nobody.'),
  previous: id.nullable().describe('Who was to before; null for nobody.'),
});
const RepairStateChanged = z.strictObject({
  from: repairState.describe('The state before.'),
  to: repairState.describe('The state now.'),
  waitingFor: waitedFor.optional().describe('What it waits for, where it is `waiting`.'),
  reason: personal(said, 'author').optional().describe('Why; missing where nothing was said.'),
  until: instant.optional().describe('Up to when it can be confirmed or reopened, where it is `done`; then it is closed.'),
  duplicateOf: id.optional().describe('The request of which it is a duplicate, where it is `merged`.'),
});
const RepairCommented = z.strictObject({
  commentId: id.describe('The id of the comment.'),
  text: personal(prose(1, 10_000), 'author').describe('What was said. Who said it is the event’s actor.'),
});
const RepairCostAdded = z.strictObject({
  cost,
  text: personal(line(1, 200), 'author').describe('What it is for.'),
  price: money.describe('How much it is.'),
});
const RepairCostRemoved = z.strictObject({ cost });

export type RepairEvent =
  | DecidedEvent<'RepairFiled', z.infer<typeof RepairFiled>>
  | DecidedEvent<'RepairEdited', z.infer<typeof RepairEdited>>
  | DecidedEvent<'RepairTriaged', z.infer<typeof RepairTriaged>>
  | DecidedEvent<'RepairAssigned', z.infer<typeof RepairAssigned>>
  | DecidedEvent<'RepairStateChanged', z.infer<typeof RepairStateChanged>>
  | DecidedEvent<'RepairCommented', z.infer<typeof RepairCommented>>
  | DecidedEvent<'RepairCostAdded', z.infer<typeof RepairCostAdded>>
  | DecidedEvent<'RepairCostRemoved', z.infer<typeof RepairCostRemoved>>;

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));
const price = money.extend({
  currency: money.shape.currency.refine((code) => CURRENCIES.has(code), 'must be a currency of ISO 4217, like EUR'),
});

const FileRepair = z.strictObject({
  site: id,
  place: place.optional(),
  asset: asset.optional(),
  title: typedLine(1, 200),
  description: typedProse(0, 10_000).optional(),
  labels: typedLabels.optional(),
});
const EditRepair = FileRepair.omit({ site: true }).partial();
const TriageRepair = z.strictObject({ priority, cause: repairCause.nullable().optional(), deadline: instant.nullable().optional() });
const AssignRepair = z.strictObject({ userId: id.nullable() });
const SetRepairState = z
  .strictObject({ state: z.enum(SAID_STATES), waitingFor: waitedFor.optional(), reason: typedProse(1, 1_000).optional() })
  .refine(({ state, waitingFor }) => (state === 'waiting') === (waitingFor !== undefined), {
    path: ['waitingFor'],
    error: 'must say what it waits for where the state is waiting, and be missing where it is another',
  });
const ReopenRepair = z.strictObject({ reason: typedProse(1, 1_000) });
const MergeRepair = z.strictObject({ into: id });
const CommentRepair = z.strictObject({ text: typedProse(1, 10_000) });
const AddRepairCost = z.strictObject({ text: typedLine(1, 200), price });

export type RepairCommand =
  | Command<'FileRepair', z.infer<typeof FileRepair>>
  | Command<'EditRepair', z.infer<typeof EditRepair>>
  | Command<'TriageRepair', z.infer<typeof TriageRepair>>
  | Command<'AssignRepair', z.infer<typeof AssignRepair>>
  | Command<'SetRepairState', z.infer<typeof SetRepairState>>
  | Command<'ConfirmRepair', null>
  | Command<'ReopenRepair', z.infer<typeof ReopenRepair>>
  | Command<'MergeRepair', z.infer<typeof MergeRepair>>
  | Command<'CommentRepair', z.infer<typeof CommentRepair>>
  | Command<'AddRepairCost', z.infer<typeof AddRepairCost>>
  | Command<'RemoveRepairCost', { cost: string }>
  /** Closes what is done since the time to confirm it is over, where nothing came since. No route: the system’s own. */
  | Command<'CloseRepair', { until: string }>;

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const BUILDING = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';
const OTHER = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0c';
const COST = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0d';
const COMMENT = '9e8d7c6b-5a49-4838-8271-605f4e3d2c03';
const BROKEN = { title: 'The lift stops between floors', description: 'It does so in the morning.', labels: ['lift'] };
const ROPE = { text: 'A new rope', price: { amount: 12_900, currency: 'EUR' } };

export const repairContract = aggregate({
  category: 'repair',
  topics: {},
  events: {
    RepairFiled: {
      begins: true,
      schema: RepairFiled,
      version: 1,
      summary: 'Somebody asks for a repair; the state is `filed`.',
      example: { site: SITE, place: BUILDING, asset: null, ...BROKEN, requester: ALICE, filedAt: '2027-01-31T09:00:00.000Z' },
    },
    RepairEdited: {
      schema: RepairEdited,
      version: 1,
      summary: 'What is said of a request is another; only what changed is named.',
      example: { title: 'The lift stops' },
    },
    RepairTriaged: {
      schema: RepairTriaged,
      version: 1,
      summary: 'Somebody looked at a request, and said how urgent it is.',
      example: { priority: 'high', cause: 'wear', deadline: '2027-02-05T16:00:00.000Z' },
    },
    RepairAssigned: {
      schema: RepairAssigned,
      version: 1,
      summary: 'Another one is to repair it, or nobody.',
      example: { userId: BOB, previous: null },
    },
    RepairStateChanged: {
      schema: RepairStateChanged,
      version: 1,
      summary: 'A request is in another state, or waits for something else.',
      example: { from: 'assigned', to: 'waiting', waitingFor: 'parts', reason: 'The rope comes on Monday.' },
    },
    RepairCommented: {
      schema: RepairCommented,
      version: 1,
      summary: 'Somebody said something to a request.',
      example: { commentId: COMMENT, text: 'It stopped again.' },
    },
    RepairCostAdded: { schema: RepairCostAdded, version: 1, summary: 'A repair has another line of cost.', example: { cost: COST, ...ROPE } },
    RepairCostRemoved: { schema: RepairCostRemoved, version: 1, summary: 'A line of cost was taken away.', example: { cost: COST } },
  },
  commands: {
    FileRepair: {
      method: 'POST',
      path: '/api/repairs',
      body: FileRepair,
      who: 'user',
      limit: 'mails',
      summary:
        'Ask for a repair, as who works at the site, or as a resident for the own unit, for what it lies in or what lies in it, or for an asset there.',
      example: { site: SITE, place: BUILDING, ...BROKEN },
    },
    EditRepair: {
      method: 'PATCH',
      path: '/api/repairs/:id',
      body: EditRepair,
      who: 'user',
      summary:
        'Change what is said of a request, as staff of its site; title, description and labels also as who filed it, until somebody looks at it.',
      example: { title: 'The lift stops' },
    },
    TriageRepair: {
      method: 'PUT',
      path: '/api/repairs/:id/triage',
      body: TriageRepair,
      who: 'user',
      summary: 'Say how urgent a request is, why it is broken and when it is to be done, as staff or maintenance of its site.',
      example: { priority: 'high', cause: 'wear' },
    },
    AssignRepair: {
      method: 'PUT',
      path: '/api/repairs/:id/assignee',
      body: AssignRepair,
      who: 'user',
      limit: 'mails',
      summary:
        'Give a request to somebody with the role maintenance at its site, or with null to nobody, as its staff. Maintenance takes one, and gives the own back.',
      example: { userId: BOB },
    },
    SetRepairState: {
      method: 'PUT',
      path: '/api/repairs/:id/state',
      body: SetRepairState,
      who: 'user',
      limit: 'mails',
      summary:
        'Say how work on a request goes on, as staff or maintenance of its site: assigned, in-progress, waiting (for parts, for the requester), done, cancelled. Who filed it cancels it, too, until it is done.',
      example: { state: 'waiting', waitingFor: 'parts', reason: 'The rope comes on Monday.' },
    },
    ConfirmRepair: {
      method: 'POST',
      path: '/api/repairs/:id/confirm',
      body: null,
      who: 'user',
      summary: 'Confirm that it works again, as who filed the request, within 14 days; as staff of the site where nobody with an account filed it.',
      example: null,
    },
    ReopenRepair: {
      method: 'POST',
      path: '/api/repairs/:id/reopen',
      body: ReopenRepair,
      who: 'user',
      limit: 'mails',
      summary: 'Say that it does not work yet, as who filed the request or staff of its site, within 14 days after it was done.',
      example: { reason: 'It stopped again.' },
    },
    MergeRepair: {
      method: 'POST',
      path: '/api/repairs/:id/merge',
      body: MergeRepair,
      who: 'user',
      summary: 'Say that a request is a duplicate of an earlier one of the same site, as staff of the site.',
      example: { into: OTHER },
    },
    CommentRepair: {
      method: 'POST',
      path: '/api/repairs/:id/comments',
      body: CommentRepair,
      makes: 'comment',
      who: 'user',
      limit: 'mails',
      summary: 'Say something to a request (500 comments and 200,000 characters in all at most). Who filed it reads it.',
      example: { text: 'It stopped again.' },
    },
    AddRepairCost: {
      method: 'POST',
      path: '/api/repairs/:id/costs',
      body: AddRepairCost,
      makes: 'cost',
      who: 'user',
      summary: 'Add a line of cost, as staff or maintenance of the site. All lines of a request are in one currency.',
      example: ROPE,
    },
    RemoveRepairCost: {
      method: 'DELETE',
      path: '/api/repairs/:id/costs/:cost',
      body: null,
      parameters: ['cost'],
      who: 'user',
      summary: 'Take a line of cost away, as staff or maintenance of the site.',
      example: null,
    },
  },
});
