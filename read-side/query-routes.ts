/**
 * The registry of queries: one line an aggregate, by its category. It does not compile without a line for each. The read side answers these
 * queries, and the commands on all items that a query finds.
 */
import type { Category } from '../contracts/catalog.ts';
import type { RouteWith } from '../platform/http/route.ts';
import type { CommandsContext } from './commands-for-each.ts';
import { getAsset, getAssetKinds, listAssets } from './queries/assets.ts';
import { listBlocked } from './queries/blocked.ts';
import { getComplaint, listComplaints } from './queries/complaints.ts';
import { getDashboard } from './queries/dashboard.ts';
import { getDeadLetter, listDeadLetters } from './queries/dead-letters.ts';
import { getTask } from './queries/get-task.ts';
import { getInbox } from './queries/inbox.ts';
import { listInside } from './queries/inside.ts';
import { getInvitation, listInvitations } from './queries/invitations.ts';
import { listTasks } from './queries/list-tasks.ts';
import { getMedia, listMedia } from './queries/media.ts';
import { notificationStatusOf } from './queries/notification-status.ts';
import { getNotification, listNotifications } from './queries/notifications.ts';
import { getOrder, listOrders } from './queries/orders.ts';
import { getRepair, listRepairs } from './queries/repairs.ts';
import { getPosts, listResidents, listWorkers } from './queries/site-people.ts';
import { listPlaces } from './queries/site-places.ts';
import { getSite, listSites } from './queries/sites.ts';
import { taskHistory } from './queries/task-history.ts';
import { getUser, listAccounts, listUsers } from './queries/users.ts';
import { getVisit, listVisits } from './queries/visits.ts';
import { readAll } from './read-all.ts';
import type { QueryContext } from './reading.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';

/** The queries of each category's read models; an empty list for none. */
const byCategory: Readonly<Record<Category, readonly RouteWith<QueryContext>[]>> = {
  user: [listUsers, listAccounts, getUser, getPosts],
  session: [],
  task: [listTasks, getTask, taskHistory],
  notification: [listNotifications, getNotification, notificationStatusOf, getInbox],
  order: [listOrders, getOrder],
  timer: [],
  media: [listMedia, getMedia],
  invitation: [listInvitations, getInvitation],
  site: [listSites, getSite, listPlaces, listResidents, listWorkers, getAssetKinds],
  asset: [listAssets, getAsset],
  repair: [listRepairs, getRepair],
  visit: [listVisits, getVisit, listInside],
  blocklist: [listBlocked],
  complaint: [listComplaints, getComplaint],
};

/** The queries over several aggregates. */
const overSeveral: readonly RouteWith<QueryContext>[] = [listDeadLetters, getDeadLetter, getDashboard];

/** The routes of all queries. */
export const queryRoutes: readonly RouteWith<QueryContext>[] = [...Object.values(byCategory).flat(), ...overSeveral];

/** The routes of the read side on its stores alone: queries, and commands on all items that a query finds. */
export const readRoutes: readonly RouteWith<CommandsContext>[] = [...queryRoutes, readAll, retryDeadLetters];
