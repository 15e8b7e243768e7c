/** A process's account of itself: /livez, /readyz, /metrics. */
import { setTimeout as delay } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ForeignReason } from '../../contracts/ours.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { ANY_QUERY } from './query-schemas.ts';
import type { RouteWith } from './route.ts';

export interface Metrics {
  registry: Registry;
  request(done: { method: string; route: string; status: number; seconds: number }): void;
  command(outcome: string): void;
  /** Counts an event of the store that is not ours. */
  foreign(reason: ForeignReason): void;
  /** Adds to a counter. */
  count(what: keyof typeof COUNTERS, by: number): void;
  /** Adds a gauge, whose values are read whenever /metrics is; each has its label. */
  gauge(name: string, help: string, read: () => Promise<Record<string, number>> | Record<string, number>): void;
}

const COUNTERS = {
  appended_events: 'Events appended, bookkeeping among them.',
  offers: 'Offers put on work queues.',
  published_messages: 'Events that the broker confirmed.',
  refused_messages: 'Messages that a full queue of somebody else’s refused.',
  refused_requests: 'Requests that were refused, because there was no place for them.',
  unknown_events: 'Events that read models passed, because this release does not know their type or shape.',
  lost_log_lines: 'Lines of the log that were given up, because it could not be written.',
  lost_audit_entries: 'Entries of the audit log that were given up, because it could not be written.',
  sessions_remembered: 'Questions whose session it is that this process answered from its own memory.',
  sessions_shared: 'Questions whose session it is that the shared cache answered.',
  sessions_looked_up: 'Questions whose session it is that were looked up in the secrets.',
  invalid_messages: 'Messages on our queues that were not ours, or not valid.',
};

/** Milliseconds that a gauge has to be read; who scrapes waits for ten seconds or so. */
const GAUGE_PATIENCE = 3_000;

/** Opens the metrics of this process. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: 'taskledger_http_request_seconds',
    help: 'HTTP requests.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers,
  });
  const commands = new Counter({ name: 'taskledger_commands_total', help: 'Commands by outcome.', labelNames: ['outcome'], registers });
  const foreign = new Counter({
    name: 'taskledger_foreign_events_total',
    help: 'Events of others in the event store that were not forwarded, by why they are not ours.',
    labelNames: ['reason'],
    registers,
  });
  const counters = new Map(
    Object.entries(COUNTERS).map(([name, help]) => [name, new Counter({ name: `taskledger_${name}_total`, help, registers })] as const),
  );
  return {
    registry,
    request: ({ method, route, status, seconds }) => requests.observe({ method, route, status: String(status) }, seconds),
    foreign: (reason) => foreign.inc({ reason }),
    command: (outcome) => commands.inc({ outcome }),
    count: (what, by) => counters.get(what)?.inc(by),
    gauge: (name, help, read) => {
      new Gauge({
        name: `taskledger_${name}`,
        help,
        labelNames: ['name'],
        registers,
        async collect() {
          // A gauge that cannot be read now (its server is away, or silent) has no value; all others are shown.
          const values = await Promise.race([(async () => read())().catch(() => ({})), delay(GAUGE_PATIENCE, {}, { ref: false })]);
          this.reset();
          for (const [label, value] of Object.entries(values)) this.set({ name: label }, value);
        },
      });
    },
  };
}

/** The health of a follower of this process: where several processes may follow, one of them is active. */
export interface FollowerHealth {
  active: boolean;
  /** Events that the follower is behind, counted up to a bound. */
  lag: number;
}

/** A process's account of its health. */
export interface Health {
  /** Names of all that the process waits for: while there are any, it is not ready. */
  waits(): Promise<string[]> | string[];
  /** The process's followers, by name. */
  followers(): Promise<Record<string, FollowerHealth>> | Record<string, FollowerHealth>;
}

/** The words for whoever asks through a proxy: what an installation is made of is for those who run it. */
export const NOT_READY = 'Not ready.';

const OF_HEALTH = { method: 'GET', who: 'anyone', tag: 'health', status: 200, always: true, query: ANY_QUERY } as const;

/** Routes for orchestrators and Prometheus, which every process answers for itself. */
export const healthRoutes: readonly RouteWith<{ metrics: Metrics; health: Health }>[] = [
  { row: { ...OF_HEALTH, path: '/livez', summary: 'The process runs.' }, answer: () => ({ body: { status: 'ok' } }) },
  {
    row: {
      ...OF_HEALTH,
      path: '/readyz',
      summary:
        'The process takes requests; 503 while it waits for something. What that is, and how its followers get on, is told to who asks past the proxy.',
    },
    answer: async ({ health }, { header }) => {
      const waiting = await health.waits();
      const isOutside = header('x-forwarded-for') !== undefined;
      const followers = waiting.length > 0 || isOutside ? {} : { followers: await health.followers() };
      if (waiting.length === 0) return { body: { status: 'ok', ...followers }, headers: { 'Cache-Control': 'no-store' } };
      if (isOutside) throw new ProblemError('unavailable', NOT_READY, { headers: { 'Retry-After': '1' } });
      throw new ProblemError('unavailable', `Waits for ${waiting.join(', ')}.`, { headers: { 'Retry-After': '1' } });
    },
  },
  {
    row: { ...OF_HEALTH, path: '/metrics', summary: 'Metrics in the Prometheus text format.' },
    answer: async ({ metrics: { registry } }) => ({ body: await registry.metrics(), headers: { 'Content-Type': registry.contentType } }),
  },
];
