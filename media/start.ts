/** The part `media`: it takes files, looks at them, makes the sizes of pictures, gives them out, and keeps the store of files tidy. */
import type { WorkQueue } from '../platform/event-bus/queues.ts';
import type { Follower, FollowerRow } from '../platform/followers/follow.ts';
import type { ParkingFollower } from '../platform/followers/follow-parking.ts';
import { type Route, routesWith } from '../platform/http/route.ts';
import type { Dispatcher } from '../platform/work/dispatch.ts';
import { waitingWherePassed } from '../projections/passed.ts';
import { openAccess } from './access/open.ts';
import type { MediaContext } from './context.ts';
import { openIntake } from './intake/open.ts';
import { MEDIA_REMOVER } from './keep/follower-row.ts';
import { startKeeping } from './keep/keep.ts';
import { mediaRoutes } from './rows.ts';
import { openScanner } from './scan/scan.ts';
import { startScanningReady } from './scan/scan-ready.ts';
import { startWork } from './work/start-work.ts';
import { MEDIA, MEDIA_DISPATCHER } from './work/work-rows.ts';

/** The followers of the part, each with its queue. */
export const MEDIA_FOLLOWERS: readonly FollowerRow[] = [MEDIA_DISPATCHER, MEDIA_REMOVER];

/** The queues that the part's workers compete for. */
export const MEDIA_WORK: readonly WorkQueue[] = [MEDIA];

/** Starts the part. What runs is stopped by what it was added to. */
export async function startMedia(
  context: MediaContext,
): Promise<{ routes: Route[]; followers: Follower[]; parking: (Dispatcher | ParkingFollower)[] }> {
  const access = openAccess({ ...context, origin: context.settings.publicOrigin, scanning: context.settings.scan !== undefined });
  const intake = await openIntake(context);
  // Who begins from a read model waits until it has what an older release passed.
  const following = { ...context, readModels: waitingWherePassed(context.readModels, context.store) };
  const dispatcher = startWork(following, intake.spool.folder);
  const remover = await startKeeping(following);
  const scanner = openScanner(context.settings.scan);
  if (scanner) startScanningReady({ ...following, scanner, spool: intake.spool.folder, active: remover.active });
  const followers = [dispatcher, remover];
  return { routes: routesWith({ ...access, ...context, ...intake, verifying: { now: false } }, mediaRoutes), followers, parking: followers };
}
