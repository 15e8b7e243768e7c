/** The registry of queries, by what they are about; with the commands that are made of a query, all that the read side answers. */
import type { RouteWith } from '../platform/http/route.ts';
import type { CommandsContext } from './commands-for-each.ts';
import { getDeadLetter, listDeadLetters } from './queries/dead-letters.ts';
import { getTask } from './queries/get-task.ts';
import { getInbox } from './queries/inbox.ts';
import { listTasks } from './queries/list-tasks.ts';
import { notificationStatusOf } from './queries/notification-status.ts';
import { getNotification, listNotifications } from './queries/notifications.ts';
import { getOrder, listOrders } from './queries/orders.ts';
import { taskHistory } from './queries/task-history.ts';
import { getUser, listUsers } from './queries/users.ts';
import { readAll } from './read-all.ts';
import type { QueryContext } from './reading.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';

type Category = 'user' | 'session' | 'task' | 'notification' | 'order' | 'timer';

/** What may be asked of each aggregate; an empty list says that nothing may. */
const queries = {
  user: [listUsers, getUser],
  session: [],
  task: [listTasks, getTask, taskHistory],
  notification: [listNotifications, getNotification, notificationStatusOf, getInbox],
  order: [listOrders, getOrder],
  timer: [],
} satisfies Record<Category, readonly RouteWith<QueryContext>[]>;

/** Queries over several aggregates. */
const overSeveral: readonly RouteWith<QueryContext>[] = [listDeadLetters, getDeadLetter];

/** Routes of all queries. */
export const queryRoutes: readonly RouteWith<QueryContext>[] = [...Object.values(queries).flat(), ...overSeveral];

/** Routes of the read side: queries, and commands on all that a query finds. */
export const readRoutes: readonly RouteWith<CommandsContext>[] = [...queryRoutes, readAll, retryDeadLetters];
