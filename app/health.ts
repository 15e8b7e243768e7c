/** The health of a process: its readiness, and the lag of its followers. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AppendHealth } from '../platform/event-store/append-health.ts';
import type { Pace } from '../platform/followers/pace.ts';
import type { FollowerHealth, Health } from '../platform/http/metrics.ts';
import { withoutServers } from '../platform/without-servers.ts';
import { projectors } from '../projections/projectors.ts';
import type { Ports } from './open-ports.ts';
import type { Need } from './parts.ts';
import type { Writes } from './writes.ts';

/** A follower of this process, with its lag. */
export interface HealthOfFollower {
  name: string;
  active(): boolean;
  /** Resolves to the number of events that it is behind, counted up to a bound. */
  lag(): Promise<number>;
  readonly paces: readonly Pace[];
}

export interface HealthOptions {
  ports: Ports;
  needs: ReadonlySet<Need>;
  followers: readonly HealthOfFollower[];
  /** The appends of a process that answers commands; null for one that only reads. */
  appends: Pick<AppendHealth, 'check'> | null;
  /** What else must take writes, with what the process waits for where it does not. */
  writes: Writes;
  /** Whatever else the process waits for at the moment. */
  others(): string[];
  stopping(): boolean;
}

/** Milliseconds that a server has to answer. */
const CHECK_PATIENCE = 2_000;

/**
 * The health of a process. It is ready while what it answers could be answered now: the stores that its answers need can be read and, where it
 * answers commands, something can be recorded, and its other stores take writes (app/writes.ts); and while its followers get on. (Without the bus and the cache it goes on, as long as they do.)
 */
export function healthOf({ followers, others, stopping, ...options }: HealthOptions): Health {
  const checks = checksOf(options);
  return {
    waits: async () => {
      if (stopping()) return ['its end'];
      const troubles = await Promise.all(checks.map(([name, check]) => troubleWith(name, check)));
      return [...troubles.flat(), ...others()];
    },
    followers: async () => Object.fromEntries(await Promise.all(followers.map(async (one) => [one.name, await healthOfOne(one)] as const))),
  };
}

/** What is asked, by what the process waits for where it fails. */
function checksOf({
  ports,
  needs,
  appends,
  writes,
}: Pick<HealthOptions, 'ports' | 'needs' | 'appends' | 'writes'>): (readonly [string, () => Promise<unknown>])[] {
  const [projector] = projectors;
  const checks: (readonly [string, () => Promise<unknown>])[] = [...writes];
  if (needs.has('store')) checks.push(['the event store', () => ports.store.head()]);
  if (needs.has('readModels') && projector) checks.push(['the read models', () => ports.readModels.state(projector.model)]);
  if (needs.has('secrets')) checks.push(['the secrets', () => ports.secrets.get('keys', 'hmac')]);
  if (appends) checks.push(['a store that records', appends.check]);
  return checks;
}

async function troubleWith(name: string, check: () => Promise<unknown>): Promise<string[]> {
  const late = delay(CHECK_PATIENCE, [`${name} (no answer)`], { ref: false });
  return Promise.race([
    late,
    check().then(
      () => [],
      (error: Error) => [`${name} (${withoutServers(error.message)})`],
    ),
  ]);
}

async function healthOfOne({ active, lag }: HealthOfFollower): Promise<FollowerHealth> {
  return active() ? { active: true, lag: await lag().catch(() => Number.NaN) } : { active: false, lag: 0 };
}
