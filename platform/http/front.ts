/**
 * The front of an app: it refuses a request for which there will be no place before anything is done for it. In a crowd most requests are refused, and
 * what a refusal costs is taken from those that are let in.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { toProblem } from '../../contracts/problem.ts';
import type { RouteGate, RoutePlace } from './admission.ts';
import { crowded } from './crowded.ts';
import { isAmong } from './origins.ts';
import { withoutLastSlash } from './paths.ts';
import type { RouteRow } from './route.ts';

export interface FrontOptions {
  /** The gates of rows, in the order of the rows. */
  gates: readonly GateOfRow[];
  /** Origins whose pages may read the answers. */
  origins: readonly string[];
}

export interface GateOfRow {
  row: Pick<RouteRow, 'method' | 'path'>;
  gate: RouteGate;
}

/** Puts the front before a listener. */
export function withFront(listener: RequestListener, { gates, origins }: FrontOptions): RequestListener {
  const find = gateFinder(gates);
  return (request, response) => {
    const gate = find(request);
    if (!gate) listener(request, response);
    else if (gate.isFull()) refuse(request, response, origins);
    else
      gate.enter({
        isGone: () => request.socket.destroyed,
        begin: (place) => {
          places.set(request, place);
          // Of an answer that nobody makes or takes.
          response.once('close', () => place.leave(false));
          listener(request, response);
        },
        refuse: () => refuse(request, response, origins),
      });
  };
}

const places = new WeakMap<IncomingMessage, RoutePlace>();

/** The place of a request at work; undefined where it needs none. */
export function placeOf(request: IncomingMessage): RoutePlace | undefined {
  return places.get(request);
}

/** Makes the function that finds the gate of a request, without trying an expression for each row; undefined where the request has none. */
export function gateFinder(gates: readonly GateOfRow[]): (request: Pick<IncomingMessage, 'method' | 'url'>) => RouteGate | undefined {
  const bySize = new Map<string, { parts: string[]; gate: RouteGate }[]>();
  for (const { row, gate } of gates) {
    const parts = row.path.split('/');
    const size = `${row.method} ${parts.length}`;
    bySize.set(size, [...(bySize.get(size) ?? []), { parts, gate }]);
  }
  return ({ method = '', url = '' }) => {
    const parts = pathOf(url).split('/');
    const same = bySize.get(`${method === 'HEAD' ? 'GET' : method} ${parts.length}`);
    return same?.find((row) => row.parts.every((part, index) => part.startsWith(':') || part === parts[index]))?.gate;
  };
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  const path = withoutLastSlash(end < 0 ? url : url.slice(0, end));
  return path.startsWith('/api/v1/') ? `/api/${path.slice('/api/v1/'.length)}` : path;
}

/** The body of a refusal but for the request's id. */
const [BEFORE_ID, AFTER_ID] = JSON.stringify(toProblem(crowded(), 'ID')).split('ID') as [string, string];

function refuse({ headers: { origin } }: IncomingMessage, response: ServerResponse, origins: readonly string[]): void {
  const id = randomUUID();
  const { status, headers } = crowded();
  const body = `${BEFORE_ID}${id}${AFTER_ID}`;
  response.writeHead(status, {
    ...headers,
    ...HEADERS,
    'Content-Length': body.length,
    'X-Request-Id': id,
    ...(origin && isAmong(origins, origin) ? { ...SHARED, 'Access-Control-Allow-Origin': origin } : {}),
  });
  response.end(body);
}

const HEADERS = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' };
const SHARED = { 'Access-Control-Expose-Headers': 'Retry-After, X-Request-Id', Vary: 'Origin' };
