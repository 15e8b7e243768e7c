/** GET /api/inbox: what one is told in the application, with the titles of tasks as they are now. */
import { z } from 'zod';
import { id, instant } from '../../contracts/fields.ts';
import { idOf } from '../../contracts/message.ts';
import { kind } from '../../contracts/notification.ts';
import type { Answer, Caller, Route, RouteRequest } from '../../platform/http/route.ts';
import type { Condition, Find, Stored } from '../../platform/read-models/read-models.ts';
import { type NotificationDocument, notifications } from '../../projections/projectors/notifications.ts';
import { type TaskListDocument, taskList } from '../../projections/projectors/task-list.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { INBOX_WORDS } from './inbox-words.ts';
import { readPage, type Selection } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, flag, limit } from './parameters.ts';
import { mayRead } from './task-stream.ts';

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

/** Unread ones are counted up to here. */
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

export function getInbox(context: QueryContext): Route {
  return {
    method: 'GET',
    path: '/api/inbox',
    who: 'user',
    summary: 'Your inbox, newest first, and how much of it is not read yet.',
    tag: 'notifications',
    query: inboxQuery,
    response: inboxAnswer,
    handle: (request) => inbox(context, request),
  };
}

async function inbox(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const query = request.query as InboxQuery;
  const caller = callerOf(request);
  const { position, page, next } = await readPage(context, request, notifications, { ...selectionOf(query, caller), ...query });
  const unread = await reading(context, notifications, request, ({ list }) => list(unreadOf(caller, MOST_UNREAD)));
  const tasks = await tasksOf(context, request, page);
  const items = page.map((stored) => itemOf(stored, caller, tasks));
  const answer = listAnswer({ path: '/api/inbox', parameters: { ...query }, position, items, next });
  return { ...answer, body: { ...(answer.body as object), unread: unread.result.length } };
}

function selectionOf({ unread }: InboxQuery, { id: userId }: Caller): Selection {
  return { where: [{ field: 'recipientId', op: 'eq', value: userId }, unread ? UNREAD : IN_INBOX], sort: NEWEST_FIRST };
}

const IN_INBOX: Condition = { field: 'inbox', op: 'in', value: ['unread', 'read'] };
const UNREAD: Condition = { field: 'inbox', op: 'eq', value: 'unread' };
const NEWEST_FIRST = [{ field: 'arrivedAt', descending: true }];

/** What a user has not read yet, the newest first; with `before`, only what came by then (ISO 8601, UTC). */
export function unreadOf({ id: userId }: Pick<Caller, 'id'>, most: number, before?: string): Find {
  const until: Condition[] = before === undefined ? [] : [{ field: 'arrivedAt', op: 'lte', value: before }];
  return { where: [{ field: 'recipientId', op: 'eq', value: userId }, UNREAD, ...until], sort: NEWEST_FIRST, limit: most };
}

/** The tasks that these are about, by stream, as they are now: those that are there and the caller's to see. */
async function tasksOf(context: QueryContext, request: RouteRequest, page: readonly Stored[]): Promise<Map<string, TaskListDocument>> {
  const caller = callerOf(request);
  const streams = page.map(({ document }) => (document as NotificationDocument).about.stream).filter((stream) => stream.startsWith('task-'));
  if (streams.length === 0) return new Map();
  const { result } = await reading(context, taskList, request, ({ state }) =>
    context.readModels.get(taskList.model, state.generation, [...new Set(streams.map(idOf))]),
  );
  const tasks = result.map(({ id: taskId, document }) => [`task-${taskId}`, document as TaskListDocument | null] as const);
  return new Map(tasks.flatMap(([stream, task]) => (task && !task.deleted && mayRead(caller, task) ? [[stream, task]] : [])));
}

function itemOf({ id: notificationId, document }: Stored, caller: Caller, tasks: ReadonlyMap<string, TaskListDocument>): InboxItem {
  const { kind: what, about, content, read, createdAt, arrivedAt } = document as NotificationDocument;
  const words = INBOX_WORDS[what];
  const task = tasks.get(about.stream);
  return {
    id: notificationId,
    kind: what,
    title: content?.subject ?? task?.title ?? words.title,
    text: content?.text ?? (task?.assignee === caller.id ? words.own : undefined) ?? words.text,
    link: task === undefined ? '/' : `/#task=${idOf(about.stream)}`,
    read,
    createdAt: arrivedAt ?? createdAt,
  };
}
