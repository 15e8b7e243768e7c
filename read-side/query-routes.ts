/** HTTP queries: one row each. */
import type { Route } from '../platform/http/route.ts';
import { getDeadLetter, listDeadLetters } from './queries/dead-letters.ts';
import { getTask } from './queries/get-task.ts';
import { getInbox } from './queries/inbox.ts';
import { listTasks } from './queries/list-tasks.ts';
import { notificationStatusOf } from './queries/notification-status.ts';
import { getNotification, listNotifications } from './queries/notifications.ts';
import { getOrder, listOrders } from './queries/orders.ts';
import { taskHistory } from './queries/task-history.ts';
import { getUser, listUsers } from './queries/users.ts';
import type { QueryContext } from './reading.ts';

const queries = [
  listTasks,
  getTask,
  taskHistory,
  listUsers,
  getUser,
  listNotifications,
  getNotification,
  notificationStatusOf,
  getInbox,
  listOrders,
  getOrder,
  listDeadLetters,
  getDeadLetter,
];

/** Rows for all queries. */
export function queryRoutes(context: QueryContext): Route[] {
  return queries.map((query) => query(context));
}
