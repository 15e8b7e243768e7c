/** GET /api/tasks: filters, words, order, pages. */
import { z } from 'zod';
import { id, instant, utc } from '../../contracts/fields.ts';
import { STATUSES, type TaskSummary, taskSummaryView, UNFINISHED } from '../../contracts/task.ts';
import type { Caller } from '../../platform/http/route.ts';
import type { Condition, Stored } from '../../platform/read-models/read-models.ts';
import { PAGE, type TaskListDocument, taskList, taskListTopic, tasksWhere } from '../../projections/projectors/task-list.ts';
import { listRoute } from './model-routes.ts';
import { cursor, labelsAsked, limit, oneOrMore, search } from './parameters.ts';
import { wordConditions } from './words-asked.ts';

/** The sort keys as clients name them, each with its stored field. */
const SORTS = {
  createdAt: 'createdAt',
  updatedAt: 'updatedAt',
  deadline: 'deadlineKey',
  priority: 'priorityRank',
  title: 'titleKey',
} as const;
const SORT_NAMES = Object.keys(SORTS) as (keyof typeof SORTS)[];
const SORT_DETAIL = `must be one of ${SORT_NAMES.join(', ')}, with - before it for the other way round`;

const DUE_DETAIL = 'must be overdue, today, week, or before: and an instant like before:2027-01-31T17:00:00Z';

export const listTasksQuery = z.strictObject({
  assignee: z
    .union([z.enum(['me', 'none']), id], 'must be a user’s id, me or none')
    .optional()
    .meta({ description: 'A user’s id, `me`, or `none`.' }),
  status: oneOrMore(STATUSES, 'One status, or several separated by commas.'),
  label: labelsAsked('One label, or several: repeated, or separated by commas. A task must have all of them.'),
  due: z
    .string(DUE_DETAIL)
    .refine(
      (text) => ['overdue', 'today', 'week'].includes(text) || (text.startsWith('before:') && instant.safeParse(text.slice(7)).success),
      DUE_DETAIL,
    )
    .optional()
    .meta({
      description:
        '`overdue`: past, and neither done nor cancelled; `today`: on this day (UTC); `week`: on this day or the six after; `before:` and an instant.',
    }),
  q: search,
  sort: z
    .string(SORT_DETAIL)
    .refine((text) => SORT_NAMES.some((name) => text === name || text === `-${name}`), SORT_DETAIL)
    .default('-createdAt')
    .meta({
      description: `One of ${SORT_NAMES.join(', ')}, with - before it for the other way round. Tasks without a deadline come after those with one.`,
    }),
  cursor,
  limit: limit(PAGE),
});
type ListTasks = z.output<typeof listTasksQuery>;

export const listTasks = listRoute<ListTasks>({
  path: '/api/tasks',
  who: 'user',
  summary: 'Tasks: those you may see, filtered and sorted.',
  tag: 'tasks',
  projector: taskList,
  query: listTasksQuery,
  item: taskSummaryView,
  select: (query, caller, now) => ({
    ...tasksWhere(conditions(query, caller, now)),
    sort: [{ field: SORTS[query.sort.replace('-', '') as keyof typeof SORTS], descending: query.sort.startsWith('-') }],
    // The identity of the list is not taken from its conditions, because some of them hold the present time.
    of: ['tasks', query.assignee, query.status, query.label, query.due, query.q, query.sort, caller.id, caller.seesAll],
    topic: topicOf(query, caller),
  }),
  view: taskSummaryOf,
});

/** The topic that makes the result stale; undefined for results that the clock alone changes. */
function topicOf({ assignee, due }: ListTasks, caller: Caller): string | undefined {
  if (due && !due.startsWith('before:')) return undefined;
  const userId = assigneeOf(assignee, caller);
  if (userId) return taskListTopic(userId);
  return taskListTopic(caller.seesAll ? undefined : caller.id);
}

function assigneeOf(assignee: ListTasks['assignee'], caller: Caller): string | null | undefined {
  if (assignee === 'me') return caller.id;
  return assignee === 'none' ? null : assignee;
}

function conditions(query: ListTasks, caller: Caller, now: string): Condition[] {
  const assignee = assigneeOf(query.assignee, caller);
  return [
    ...(assignee === undefined ? [] : [{ field: 'assignee', op: 'eq', value: assignee } as const]),
    ...(query.status ? [{ field: 'status', op: 'in', value: query.status } as const] : []),
    ...visible(caller, assignee),
    ...(query.label ?? []).map((label) => ({ field: 'labels', op: 'eq', value: label }) as const),
    ...(query.due ? due(query.due, now) : []),
    ...wordConditions('words', query.q),
  ];
}

/** The condition that the caller may read the task. Tasks that are assigned to the caller need none. */
function visible(caller: Caller, assignee: string | null | undefined): Condition[] {
  return caller.seesAll || assignee === caller.id ? [] : [{ field: 'members', op: 'eq', value: caller.id }];
}

const DAY = 24 * 60 * 60 * 1_000;

function due(when: string, now: string): Condition[] {
  if (when.startsWith('before:')) return [{ field: 'deadlineKey', op: 'lt', value: utc(when.slice(7)) }];
  if (when === 'overdue') {
    return [
      { field: 'deadlineKey', op: 'lt', value: now },
      { field: 'status', op: 'in', value: [...UNFINISHED] },
    ];
  }
  const today = Math.floor(Date.parse(now) / DAY) * DAY;
  const days = when === 'today' ? 1 : 7;
  return [
    { field: 'deadlineKey', op: 'gte', value: new Date(today).toISOString() },
    { field: 'deadlineKey', op: 'lt', value: new Date(today + days * DAY).toISOString() },
  ];
}

/** A task as lists show it. */
export function taskSummaryOf({ id: taskId, document }: Stored): TaskSummary {
  const { title, status, priority, labels, maker, assignee, deadline, comments, createdAt, updatedAt, revision } = document as TaskListDocument;
  return { id: taskId, title, status, priority, labels, maker, assignee, deadline, comments, createdAt, updatedAt, revision };
}
