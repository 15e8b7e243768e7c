/** GET /api/complaints, GET /api/complaints/:id: what people are not content with at sites. */
import { z } from 'zod';
import {
  CAUSES,
  COMPLAINT_ROLES,
  COMPLAINT_STATES,
  type ComplaintEntryView,
  type ComplaintView,
  complaintDetailView,
  complaintView,
  handlesComplaintsAt,
} from '../../contracts/complaint.ts';
import { id } from '../../contracts/fields.ts';
import { postsOf, type SiteRole } from '../../contracts/post.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { PRIORITIES } from '../../contracts/task.ts';
import type { Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { atSite } from '../../projections/projectors/assets.ts';
import { type ComplaintEntryDocument, complaintEntries } from '../../projections/projectors/complaint-entries.ts';
import { type ComplaintDocument, complaints, filedByUser } from '../../projections/projectors/complaints.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { listRoute } from './model-routes.ts';
import { cursor, flag, labelsAsked, limit, oneOrMore, search } from './parameters.ts';
import { wordConditions } from './words-asked.ts';

const listComplaintsQuery = z.strictObject({
  site: id.optional().meta({ description: 'Only those of this site.' }),
  status: oneOrMore(COMPLAINT_STATES, 'One state, or several separated by commas.'),
  priority: oneOrMore(PRIORITIES, 'One priority, or several separated by commas.'),
  cause: oneOrMore(CAUSES, 'One cause, or several separated by commas.'),
  label: labelsAsked('One label, or several: repeated, or separated by commas. A complaint must have all of them.'),
  escalated: flag('Only those that are escalated.'),
  mine: flag('Only those that the caller filed.'),
  q: search.meta({ description: 'Words of subject, text and labels; each must be the beginning of a word there.' }),
  cursor,
  limit: limit(50),
});
type ListComplaints = z.output<typeof listComplaintsQuery>;

export const listComplaints = listRoute<ListComplaints>({
  path: '/api/complaints',
  who: 'user',
  summary: 'The complaints of the sites where you are staff or customer service, and those that you filed, the newest first; for admins, all.',
  tag: 'complaints',
  projector: complaints,
  query: listComplaintsQuery,
  item: complaintView,
  select: (query, caller) => ({
    where: [...conditionsOf(query), ...ownConditions(query, caller), ...complaintsSeen(caller)],
    sort: [{ field: 'filedAt', descending: true }],
  }),
  view: ({ id: of, document }) => viewOf(of, document as ComplaintDocument),
});

function conditionsOf({ site, status, priority, cause, label, q }: ListComplaints): Condition[] {
  const several = Object.entries({ status, priority, cause }).flatMap(([field, value]) => (value ? [{ field, op: 'in', value } as const] : []));
  return [
    ...(site ? [{ field: 'site', op: 'eq', value: site } as const] : []),
    ...several,
    ...(label ?? []).map((one) => ({ field: 'labels', op: 'eq', value: one }) as const),
    ...wordConditions('words', q),
  ];
}

function ownConditions({ escalated, mine }: ListComplaints, caller: Caller): Condition[] {
  return [
    ...(escalated ? [{ field: 'escalated', op: 'eq', value: 1 } as const] : []),
    ...(mine ? [{ field: 'filedBy', op: 'eq', value: caller.id } as const] : []),
  ];
}

/** The conditions of the complaints that a caller sees. */
function complaintsSeen(caller: Caller): Condition[] {
  const posts = postsOf(caller).filter(({ role }) => (COMPLAINT_ROLES as readonly SiteRole[]).includes(role));
  if (caller.role === 'admin' || posts.some(({ sites }) => sites.length === 0)) return [];
  return [{ field: 'seen', op: 'in', value: [...posts.flatMap(({ sites }) => sites).map(atSite), filedByUser(caller.id)] }];
}

/** The most lines of a history that are shown. */
const MOST_ENTRIES = 500;

export const getComplaint: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/complaints/:id',
    who: 'user',
    summary: 'A complaint with its history and what was said: for who filed it, the staff and the customer service of its site, and admins.',
    tag: 'complaints',
    query: z.strictObject({}),
    response: complaintDetailView,
  },
  answer: async (context, request) => {
    const of = request.params.id ?? '';
    const caller = callerOf(request);
    const { position, result } = await reading(context, complaints, request, ({ one }) => one(of));
    const complaint = result?.document as ComplaintDocument | null | undefined;
    const isHandler = complaint ? handlesComplaintsAt(caller, complaint.site) : false;
    if (!complaint || !(isHandler || complaint.filedBy === caller.id)) throw new ProblemError('not_found', 'There is no such complaint.');
    const body = { ...viewOf(of, complaint), history: await historyOf(context, request, of, isHandler) };
    return { headers: { ETag: `"${complaint.revision}"`, Position: position }, body };
  },
};

/** What happened to a complaint, the oldest first; its notes for who handles it alone. */
async function historyOf(context: QueryContext, request: RouteRequest, complaint: string, withNotes: boolean): Promise<ComplaintEntryView[]> {
  const kinds: Condition[] = withNotes
    ? []
    : [{ field: 'kind', op: 'in', value: complaintDetailView.shape.history.element.shape.kind.options.filter((kind) => kind !== 'note') }];
  const where: Condition[] = [{ field: 'complaint', op: 'eq', value: complaint }, ...kinds];
  const { result } = await reading(context, complaintEntries, request, ({ list }) =>
    list({ where, sort: [{ field: 'revision', descending: true }], limit: MOST_ENTRIES }),
  );
  return result.toReversed().map((stored) => {
    const { complaint: _, revision: __, author: ___, ...entry } = stored.document as ComplaintEntryDocument;
    return entry;
  });
}

function viewOf(of: string, { seen: _, words: __, escalated, ...complaint }: ComplaintDocument): ComplaintView {
  return { id: of, ...complaint, escalated: escalated === 1 };
}
