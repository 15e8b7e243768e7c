/** GET /api/inbox: the items of the caller's inbox, with the present titles of the things that they are about. */
import { z } from 'zod';
import { id, instant } from '../../contracts/fields.ts';
import { kind } from '../../contracts/notification.ts';
import type { InboxWords } from '../../contracts/notifications/kind.ts';
import { kinds } from '../../contracts/notifications/kinds.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition, Count, Find, Stored } from '../../platform/read-models/read-models.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { type InboxSubject, subjectsOf } from './inbox-subjects.ts';
import { readPage, type Selection } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, flag, limit } from './parameters.ts';

export const inboxItem = z.strictObject({
  id: id.meta({ description: 'The notification’s id, for PUT /api/notifications/:id/read.' }),
  kind,
  title: z.string().meta({ description: 'Of the task that it is about, as it is now; or of the message.' }),
  text: z.string(),
  link: z.string().meta({ description: 'Where to go on the pages, as /#task=<id>.' }),
  read: z.boolean(),
  createdAt: instant.meta({ description: 'When it came into the inbox.' }),
});
export type InboxItem = z.infer<typeof inboxItem>;

/** The number up to which unread items are counted. */
export const MOST_UNREAD = 1_000;

export const inboxQuery = z.strictObject({
  unread: flag('Only what is not read yet.'),
  cursor,
  limit: limit(50),
});
type InboxQuery = z.output<typeof inboxQuery>;

const inboxAnswer = listOf(inboxItem).extend({
  unread: z
    .int()
    .nonnegative()
    .meta({ description: `How many are not read yet; ${MOST_UNREAD} stands for that or more.` }),
});

export const getInbox: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/inbox',
    who: 'user',
    summary: 'Your inbox, newest first, and how much of it is not read yet.',
    tag: 'notifications',
    query: inboxQuery,
    response: inboxAnswer,
  },
  answer: inbox,
};

async function inbox(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const query = request.query as InboxQuery;
  const caller = callerOf(request);
  const { position, page, next } = await readPage(context, request, notifications, { ...selectionOf(query, caller), ...query });
  const unread = await reading(context, notifications, request, ({ count }) => count(unreadCountOf(caller)));
  const documents = page.map(({ document }) => document as NotificationDocument);
  const subjects = await subjectsOf(context, request, documents);
  const items = page.map((stored) => itemOf(stored, subjects));
  const answer = listAnswer({ path: '/api/inbox', parameters: { ...query }, position, items, next });
  return { ...answer, body: { ...(answer.body as object), unread: unread.result } };
}

function selectionOf({ unread }: InboxQuery, { id: userId }: Caller): Selection {
  return { where: [{ field: 'recipientId', op: 'eq', value: userId }, unread ? UNREAD : IN_INBOX], sort: NEWEST_FIRST };
}

const IN_INBOX: Condition = { field: 'inbox', op: 'in', value: ['unread', 'read'] };
const UNREAD: Condition = { field: 'inbox', op: 'eq', value: 'unread' };
const NEWEST_FIRST = [{ field: 'arrivedAt', descending: true }];

/** The query of a user's unread items, the newest first. `before`: only those that came up to then (ISO 8601, UTC). */
export function unreadOf({ id: userId }: Pick<Caller, 'id'>, most: number, before?: string): Find {
  const until: Condition[] = before === undefined ? [] : [{ field: 'arrivedAt', op: 'lte', value: before }];
  return { where: [{ field: 'recipientId', op: 'eq', value: userId }, UNREAD, ...until], sort: NEWEST_FIRST, limit: most };
}

/** The question for how many items of a user's inbox are not read. */
export function unreadCountOf(user: Pick<Caller, 'id'>): Count {
  return { where: unreadOf(user, 1).where, most: MOST_UNREAD };
}

function itemOf({ id: notificationId, document }: Stored, subjects: ReadonlyMap<string, InboxSubject>): InboxItem {
  const { kind: what, about, content, read, createdAt, arrivedAt } = document as NotificationDocument;
  const words: InboxWords = kinds[what].inbox;
  const subject = subjects.get(about.stream);
  return {
    id: notificationId,
    kind: what,
    title: content?.subject ?? subject?.title ?? words.title,
    text: content?.text ?? (subject?.own ? words.own : undefined) ?? words.text,
    link: subject?.link ?? '/',
    read,
    createdAt: arrivedAt ?? createdAt,
  };
}
