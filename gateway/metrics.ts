/** What the process tells of itself: /livez, /readyz, /metrics. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ProblemError } from '../contracts/problem.ts';
import type { Route } from './route.ts';

export interface Metrics {
  registry: Registry;
  request(done: { method: string; route: string; status: number; seconds: number }): void;
  command(outcome: string): void;
  /** A value read when /metrics is. */
  gauge(name: string, help: string, read: () => Promise<Record<string, number>> | Record<string, number>): void;
}

/** The metrics of this process. */
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
  return {
    registry,
    request: ({ method, route, status, seconds }) => requests.observe({ method, route, status: String(status) }, seconds),
    command: (outcome) => commands.inc({ outcome }),
    gauge: (name, help, read) => {
      new Gauge({
        name: `taskledger_${name}`,
        help,
        labelNames: ['name'],
        registers,
        async collect() {
          for (const [label, value] of Object.entries(await read())) this.set({ name: label }, value);
        },
      });
    },
  };
}

/** Rows for orchestrators and Prometheus. `waits` names what is not ready yet. */
export function healthRoutes(metrics: Metrics, waits: () => Promise<string[]> | string[]): Route[] {
  const row = (path: string, summary: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path,
    who: 'anyone',
    summary,
    tag: 'health',
    handle,
  });
  return [
    row('/livez', 'The process runs.', () => ({ body: { status: 'ok' } })),
    row('/readyz', 'The process takes requests; 503 while it waits for something, which it names.', async () => {
      const waiting = await waits();
      if (waiting.length === 0) return { body: { status: 'ok' } };
      throw new ProblemError('unavailable', `Waits for ${waiting.join(', ')}.`, { headers: { 'Retry-After': '1' } });
    }),
    row('/metrics', 'Metrics in the Prometheus text format.', async () => ({
      body: await metrics.registry.metrics(),
      headers: { 'Content-Type': metrics.registry.contentType },
    })),
  ];
}
