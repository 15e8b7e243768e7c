/** The operations of admins, whichever processes run the parts: they read the stores, and ask the active processes. */
import type { AdminParts, RebuildState } from '../gateway/admin-routes.ts';
import { MEDIA_REMOVER } from '../media/keep/follower-row.ts';
import { MEDIA_DISPATCHER } from '../media/work/work-rows.ts';
import { DISPATCHERS } from '../notifier/dispatching.ts';
import { POLICIES } from '../notifier/registries.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openParking } from '../platform/followers/parking.ts';
import type { RequestState, Requests } from '../platform/followers/requests.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { projectionNames, projectionStatus } from '../projections/status.ts';
import { ERASURES } from '../write-side/workers/erasures.ts';
import { ORDER_DISPATCHER } from '../write-side/workers/order-rows.ts';
import { REPAIR_TASKS } from '../write-side/workers/repair-tasks.ts';
import { UNASSIGNERS } from '../write-side/workers/unassign.ts';

/** Milliseconds for which an admin's request waits: for a process to take it up, and then for its end; it goes on afterwards. */
export interface AdminPatience {
  taken: number;
  done: number;
}
const PATIENCE: AdminPatience = { taken: 10_000, done: 20_000 };

/** The followers that park under their own names: those of effects, and dispatchers, which list what no worker can read. */
const OF_EFFECTS = [
  ...POLICIES,
  ...UNASSIGNERS,
  ...REPAIR_TASKS,
  ERASURES,
  MEDIA_REMOVER,
  ...Object.values(DISPATCHERS),
  ORDER_DISPATCHER,
  MEDIA_DISPATCHER,
].map(({ name }) => name);

/** Makes the context of the admins' rows. */
export function administration(context: {
  store: EventStore;
  readModels: ReadModels;
  bus: EventBus;
  requests: Requests;
  patience?: AdminPatience;
}): AdminParts {
  const { store, requests, bus, patience = PATIENCE } = context;

  async function parked() {
    const followers = [...projectionNames.map((name) => [name, `projection:${name}`] as const), ...OF_EFFECTS.map((name) => [name, name] as const)];
    const lists = await Promise.all(
      followers.map(async ([follower, parking]) => (await openParking(store, parking)).list().map((one) => ({ ...one, follower }))),
    );
    return lists.flat();
  }

  async function rebuildStatus(name: string): Promise<RebuildState | null> {
    const last = await requests.last('projections', 'rebuild', name);
    return last && (await rebuildState(store, last));
  }

  /** Has a request carried out; rejects with the error of one that failed. */
  async function carriedOut(follower: string, action: string, subject: string): Promise<'done' | 'running' | 'nobody'> {
    const asked = await requests.ask(follower, action, subject);
    const now = await watched(follower, asked);
    if (now.state === 'failed') throw new Error(now.error);
    if (now.state === 'done') return 'done';
    return isCarriedOut(asked, now) ? 'running' : 'nobody';
  }

  async function watched(follower: string, asked: RequestState): Promise<RequestState> {
    const taken = await requests.settled(follower, asked, AbortSignal.timeout(patience.taken), isTaken);
    return isTaken(taken) ? requests.settled(follower, taken, AbortSignal.timeout(patience.done)) : taken;
  }

  return {
    projections: async () => {
      const status = await projectionStatus(context);
      const running = await Promise.all(status.map(({ name }) => requests.last('projections', 'rebuild', name)));
      return status.map((one, index) => ({ ...one, rebuilding: one.rebuilding || running[index]?.state === 'running' }));
    },
    rebuild: async (name) => rebuildState(store, await requests.ask('projections', 'rebuild', name)),
    rebuildStatus,
    queues: () => bus.queues(),
    parked,
    release: async (follower, stream, discard) => {
      if (!(await parked()).some((one) => one.follower === follower && one.stream === stream)) return 'none';
      if (projectionNames.includes(follower)) return carriedOut('projections', 'rebuild', follower);
      return carriedOut(follower, discard ? 'discard' : 'release', stream);
    },
  };
}

const isTaken = ({ state }: RequestState) => state !== 'waiting';

/** True where a process took a request up between two looks, or something was heard of it: one that died leaves `running` until another takes it up. */
function isCarriedOut(before: RequestState, now: RequestState): boolean {
  if (before.state === 'waiting' || now.state === 'waiting') return isTaken(now);
  return before.beat !== now.beat || JSON.stringify(before.report) !== JSON.stringify(now.report);
}

async function rebuildState(store: EventStore, { subject, state, time, report, error }: RequestState): Promise<RebuildState> {
  const { events = 0, position = '', head, seconds } = report as Partial<RebuildState>;
  return {
    name: subject,
    state,
    events,
    position,
    head: head ?? (await store.head()),
    seconds: seconds ?? (Date.now() - Date.parse(time)) / 1_000,
    ...(error ? { error } : {}),
  };
}
