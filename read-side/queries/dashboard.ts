/** GET /api/dashboard: what a user begins the day with, from several read models in one call. A part that is away is named, the rest is answered. */
import { z } from 'zod';
import { ORDER_STATUSES, type OrderStatus } from '../../contracts/order.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { STATUSES, type Status, taskSummaryView, UNFINISHED } from '../../contracts/task.ts';
import { isTimeZone } from '../../contracts/time-zone.ts';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition, Find } from '../../platform/read-models/read-models.ts';
import { notifications } from '../../projections/projectors/notifications.ts';
import { orders } from '../../projections/projectors/orders.ts';
import { taskList, taskListTopic, tasksWhere } from '../../projections/projectors/task-list.ts';
import { callerOf, type QueryContext, type Reading, reading } from '../reading.ts';
import { unreadCountOf } from './inbox.ts';
import { taskSummaryOf } from './list-tasks.ts';
import { daysIn } from './local-days.ts';

/** The number up to which is counted. */
const MOST = 1_000;
/** Tasks that are shown of each kind of due. */
const SHOWN = 10;

const PARTS = ['tasks', 'due', 'notifications', 'orders'] as const;
type PartName = (typeof PARTS)[number];

const counted = z.int().nonnegative();
const someTasks = z.strictObject({ count: counted, items: z.array(taskSummaryView).meta({ description: `The ${SHOWN} that are due first.` }) });

const dashboard = z.strictObject({
  tasks: z.record(z.enum(STATUSES), counted).optional().meta({ description: 'Tasks that are assigned to you, by status.' }),
  due: z.strictObject({ overdue: someTasks, today: someTasks, next7Days: someTasks }).optional().meta({
    description:
      'Your tasks that are neither done nor cancelled: with a deadline that is past; from now to the end of this day; on the seven days after it.',
  }),
  notifications: z.strictObject({ unread: counted }).optional(),
  orders: z.record(z.enum(ORDER_STATUSES), counted).optional().meta({ description: 'Your own orders, by status.' }),
  away: z.array(z.enum(PARTS)).meta({ description: 'The parts that cannot be read right now, and are missing here.' }),
});

const dashboardQuery = z.strictObject({
  timeZone: z
    .string()
    .max(100)
    .refine(isTimeZone, 'must be the name of a time zone, as Europe/Berlin')
    .default('UTC')
    .meta({ description: 'The time zone in which days begin and end, as Europe/Berlin.' }),
});

/** What a part reads: its content, and the position of its read model. */
type PartOf = (context: QueryContext, request: RouteRequest) => Promise<{ position: string; result: unknown }>;

const parts: Readonly<Record<PartName, PartOf>> = {
  tasks: (context, request) => reading(context, taskList, request, (from) => byStatus(STATUSES, (status) => countTasks(from, request, status))),
  due: (context, request) => reading(context, taskList, request, (from) => dueIn(context, request, from)),
  notifications: (context, request) =>
    reading(context, notifications, request, async ({ count }) => ({ unread: await count(unreadCountOf(callerOf(request))) })),
  orders: (context, request) => reading(context, orders, request, (from) => byStatus(ORDER_STATUSES, (status) => countOrders(from, request, status))),
};

export const getDashboard: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/dashboard',
    who: 'user',
    summary: `Your tasks by status, what is due, unread notifications and orders in one call. What is counted is counted to ${MOST}, which stands for that or more.`,
    tag: 'tasks',
    query: dashboardQuery,
    response: dashboard,
  },
  answer: answerParts,
};

async function answerParts(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const found = await Promise.all(PARTS.map(async (name) => [name, await unlessAway(parts[name](context, request))] as const));
  const there = found.flatMap(([name, part]) => (part instanceof Error ? [] : [{ name, ...part }]));
  const [error] = found.flatMap(([, part]) => (part instanceof Error ? [part] : []));
  if (there.length === 0 && error) throw error;
  const away = found.flatMap(([name, part]) => (part instanceof Error ? [name] : []));
  const [oldest = ''] = there.map(({ position }) => position).toSorted();
  return { headers: { Position: oldest }, body: { ...Object.fromEntries(there.map(({ name, result }) => [name, result])), away } };
}

/** The part, or the error by which it is away. Any other error rejects. */
async function unlessAway<T>(part: Promise<T>): Promise<T | Error> {
  try {
    return await part;
  } catch (error) {
    const isAway = (error instanceof ProblemError && error.code === 'unavailable') || unavailableIn(error);
    if (isAway) return error as Error;
    throw error;
  }
}

async function byStatus<S extends string>(statuses: readonly S[], countOf: (status: S) => Promise<number>): Promise<Record<string, number>> {
  return Object.fromEntries(await Promise.all(statuses.map(async (status) => [status, await countOf(status)] as const)));
}

function countTasks({ count }: Reading, request: RouteRequest, status: Status): Promise<number> {
  const { id } = callerOf(request);
  const { where } = tasksWhere([mine(id), { field: 'status', op: 'eq', value: status }]);
  return count({ where, most: MOST }, taskListTopic(id));
}

function countOrders({ count }: Reading, request: RouteRequest, status: OrderStatus): Promise<number> {
  const where: Condition[] = [
    { field: 'maker', op: 'eq', value: callerOf(request).id },
    { field: 'status', op: 'eq', value: status },
  ];
  return count({ where, most: MOST });
}

const mine = (userId: string): Condition => ({ field: 'assignee', op: 'eq', value: userId });
const unfinished: Condition = { field: 'status', op: 'in', value: [...UNFINISHED] };

async function dueIn({ now: clock }: QueryContext, request: RouteRequest, { list, count }: Reading): Promise<z.infer<typeof dashboard>['due']> {
  const now = clock?.() ?? new Date().toISOString();
  const beginning = daysIn((request.query as z.output<typeof dashboardQuery>).timeZone, now);
  const [tomorrow, end] = [beginning(1), beginning(8)];
  const { id } = callerOf(request);
  const between = async (from: string, until: string) => {
    const find = dueBetween(id, from, until);
    const first = await list(find);
    // Those that are shown are counted already.
    const all = first.length > SHOWN ? await count({ where: find.where, most: MOST }) : first.length;
    return { count: all, items: first.slice(0, SHOWN).map(taskSummaryOf) };
  };
  const [overdue, today, next7Days] = await Promise.all([between('', now), between(now, tomorrow), between(tomorrow, end)]);
  return { overdue, today, next7Days };
}

/** The query of a user's unfinished tasks with a deadline from one time to another, the first due first: one more than are shown. */
function dueBetween(userId: string, from: string, until: string): Find {
  const times: Condition[] = [
    { field: 'deadlineKey', op: 'gte', value: from },
    { field: 'deadlineKey', op: 'lt', value: until },
  ];
  return { ...tasksWhere([mine(userId), unfinished, ...times]), sort: [{ field: 'deadlineKey', descending: false }], limit: SHOWN + 1 };
}
