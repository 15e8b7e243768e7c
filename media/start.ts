/** The part `media`: it takes files, looks at them, makes the sizes of pictures, gives them out, and keeps the store of files tidy. */
import type { WorkQueue } from '../platform/event-bus/queues.ts';
import type { Follower, FollowerRow } from '../platform/followers/follow.ts';
import { type Route, routesWith } from '../platform/http/route.ts';
import { openAccess } from './access/open.ts';
import type { MediaContext } from './context.ts';
import { openIntake } from './intake/open.ts';
import { MEDIA_REMOVER } from './keep/follower-row.ts';
import { startKeeping } from './keep/keep.ts';
import { mediaRoutes } from './rows.ts';

/** The followers of the part, each with its queue. */
export const MEDIA_FOLLOWERS: readonly FollowerRow[] = [MEDIA_REMOVER];

/** The queues that the part's workers compete for. */
export const MEDIA_WORK: readonly WorkQueue[] = [];

/** Starts the part. What runs is stopped by what it was added to. */
export async function startMedia(context: MediaContext): Promise<{ routes: Route[]; followers: Follower[] }> {
  const access = openAccess({ ...context, origin: context.settings.publicOrigin });
  const intake = await openIntake(context);
  return { routes: routesWith({ ...access, ...context, ...intake }, mediaRoutes), followers: [await startKeeping(context)] };
}
