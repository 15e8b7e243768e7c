/** The answers of a process before it is ready: it lives, and it waits for something. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ProblemError, toProblem } from '../../contracts/problem.ts';
import { withoutServers } from '../without-servers.ts';
import type { Metrics } from './metrics.ts';

/** Makes the listener of a start: it answers /livez and /metrics; every other answer is 503 and names what the process waits for, /readyz with its address. */
export function startingListener(metrics: Metrics, waits: () => string[]): RequestListener {
  return async (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/livez') return send(response, 200, 'application/json', '{"status":"ok"}');
    if (path === '/metrics') return send(response, 200, metrics.registry.contentType, await metrics.registry.metrics());
    // Where the servers are is for operators.
    const isOperators = path === '/readyz' && request.headers['x-forwarded-for'] === undefined;
    refuse(request, response, isOperators ? waits() : waits().map(withoutServers));
  };
}

function refuse(request: IncomingMessage, response: ServerResponse, waits: string[]): void {
  const problem = new ProblemError('unavailable', `Waits for ${waits.join(', ') || 'the start'}.`);
  request.resume();
  response.setHeader('Retry-After', '1');
  response.setHeader('Connection', 'close');
  send(response, problem.status, 'application/problem+json', JSON.stringify(toProblem(problem, '')));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body);
}
