/** The registry of projectors: one line an aggregate, by its category. It does not compile without a line for each. */
import type { Category } from '../contracts/catalog.ts';
import type { AnyProjector } from './projector.ts';
import { assets } from './projectors/assets.ts';
import { blockedVisitors } from './projectors/blocked.ts';
import { comments } from './projectors/comments.ts';
import { complaintEntries } from './projectors/complaint-entries.ts';
import { complaints } from './projectors/complaints.ts';
import { downtimes } from './projectors/downtimes.ts';
import { invitations } from './projectors/invitations.ts';
import { mediaFiles } from './projectors/media.ts';
import { notifications } from './projectors/notifications.ts';
import { orders } from './projectors/orders.ts';
import { places } from './projectors/places.ts';
import { repairDetails } from './projectors/repair-details.ts';
import { repairs } from './projectors/repairs.ts';
import { residents } from './projectors/residents.ts';
import { roleHolders } from './projectors/role-holders.ts';
import { sites } from './projectors/sites.ts';
import { taskDetail } from './projectors/task-detail.ts';
import { taskList } from './projectors/task-list.ts';
import { timers } from './projectors/timers.ts';
import { userDirectory } from './projectors/user-directory.ts';
import { visits } from './projectors/visits.ts';
import { workers } from './projectors/workers.ts';

/** The read models that are made mainly of a category's events. */
export type ProjectorsByCategory = Readonly<Record<Category, readonly AnyProjector[]>>;

const byCategory: ProjectorsByCategory = {
  user: [userDirectory, roleHolders, workers],
  session: [],
  task: [taskList, taskDetail, comments],
  notification: [notifications],
  order: [orders],
  timer: [timers],
  media: [mediaFiles],
  invitation: [invitations],
  site: [sites, places, residents],
  asset: [assets, downtimes],
  repair: [repairs, repairDetails],
  visit: [visits],
  blocklist: [blockedVisitors],
  complaint: [complaints, complaintEntries],
};

/** All projectors, in the registry's order. */
export const projectors: readonly AnyProjector[] = Object.values(byCategory).flat();

/** The projector of the read model that has every aggregate of a category with what rights ask of it: its first. Error: the category has none. */
export function mainProjector(category: string): AnyProjector {
  const [first] = byCategory[category as Category] ?? [];
  if (first) return first;
  throw new Error(`the category ${category} has no read model`);
}
