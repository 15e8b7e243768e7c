/** The operations of admins, whichever processes run the parts: they read the stores, and ask the active processes. */
import { ProblemError } from '../contracts/problem.ts';
import type { AdminParts, RebuildState } from '../gateway/admin-routes.ts';
import { POLICIES } from '../notifier/registries.ts';
import { BusUnavailable, type EventBus } from '../platform/event-bus/event-bus.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openParking } from '../platform/followers/parking.ts';
import type { RequestState, Requests } from '../platform/followers/requests.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { projectionNames, projectionStatus } from '../projections/status.ts';

/** Milliseconds for which an admin's request waits for a release, which goes on afterwards. */
const RELEASE_PATIENCE = 30_000;

/** Makes the context of the admins' rows. */
export function administration(context: { store: EventStore; readModels: ReadModels; bus: EventBus; requests: Requests }): AdminParts {
  const { store, requests, bus } = context;

  async function parked() {
    const followers = [...projectionNames.map((name) => [name, `projection:${name}`] as const), ...POLICIES.map(({ name }) => [name, name] as const)];
    const lists = await Promise.all(
      followers.map(async ([follower, parking]) => (await openParking(store, parking)).list().map((one) => ({ ...one, follower }))),
    );
    return lists.flat();
  }

  async function rebuildStatus(name: string): Promise<RebuildState | null> {
    const last = await requests.last('projections', 'rebuild', name);
    return last && (await rebuildState(store, last));
  }

  async function settled(follower: string, action: string, subject: string): Promise<'done' | 'running'> {
    const request = await requests.ask(follower, action, subject);
    const { state, report, error } = await requests.settled(follower, request, AbortSignal.timeout(RELEASE_PATIENCE));
    if (state === 'failed') throw new Error(error);
    // A request that a process began before it died stays `running` until another process takes it up.
    if (state === 'waiting' || (state === 'running' && JSON.stringify(report) === JSON.stringify(request.report))) throw new NobodyActive(follower);
    return state === 'done' ? 'done' : 'running';
  }

  return {
    projections: async () => {
      const status = await projectionStatus(context);
      const running = await Promise.all(status.map(({ name }) => requests.last('projections', 'rebuild', name)));
      return status.map((one, index) => ({ ...one, rebuilding: one.rebuilding || running[index]?.state === 'running' }));
    },
    rebuild: async (name) => rebuildState(store, await requests.ask('projections', 'rebuild', name)),
    rebuildStatus,
    queues: () => bus.queues().catch(away),
    parked,
    release: async (follower, stream, discard) => {
      if (!(await parked()).some((one) => one.follower === follower && one.stream === stream)) return 'none';
      if (projectionNames.includes(follower)) return settled('projections', 'rebuild', follower);
      return settled(follower, discard ? 'discard' : 'release', stream);
    },
  };
}

/** Throws the absence of the broker as an answer for admins; any other error as it is. */
function away(error: unknown): never {
  if (!(error instanceof BusUnavailable)) throw error;
  throw new ProblemError('unavailable', 'The event bus does not answer. Try again.', { headers: { 'Retry-After': '2' }, cause: error });
}

/** No process carried a request out in time. The request stays. */
export class NobodyActive extends Error {
  override readonly name = 'NobodyActive';
  constructor(follower: string) {
    super(`no process that runs ${follower} has done it yet; it will when there is one`);
  }
}

async function rebuildState(store: EventStore, { subject, state, time, report, error }: RequestState): Promise<RebuildState> {
  const { events = 0, position = '', head, seconds } = report as Partial<RebuildState>;
  return {
    name: subject,
    state: state === 'waiting' ? 'running' : state,
    events,
    position,
    head: head ?? (await store.head()),
    seconds: seconds ?? (Date.now() - Date.parse(time)) / 1_000,
    ...(error ? { error } : {}),
  };
}
