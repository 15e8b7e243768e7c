/** Queries on the rows themselves, as HTTP would ask them. */
import { type Caller, type RouteRequest, routesWith } from '../platform/http/route.ts';
import { validQuery } from '../platform/http/validate.ts';
import { queryRoutes } from './query-routes.ts';
import type { QueryContext } from './reading.ts';

export const ALICE: Caller = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'member', seesAll: true, sessionId: 'a' };
export const BOB: Caller = { id: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02', role: 'member', seesAll: true, sessionId: 'b' };
export const ADMIN: Caller = { id: 'ad000000-0000-4000-8000-000000000003', role: 'admin', seesAll: true, sessionId: 'c' };
export const RESIDENT: Caller = { id: '2e51de00-0000-4000-8000-000000000004', role: 'resident', seesAll: false, sessionId: 'd' };

/** The parts of an answer that tests read. */
export interface Answered {
  position: string;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: bodies differ with the path, and tests compare them
  body: any;
}

export type Ask = (path: string, options?: { as?: Caller; headers?: Record<string, string> }) => Promise<Answered>;

/** Makes the function that asks `/api/tasks/<id>?asOf=…`. */
export function asking(context: QueryContext): Ask {
  const routes = routesWith(context, queryRoutes);
  return async (path, { as = ALICE, headers = {} } = {}) => {
    const url = new URL(path, 'http://localhost');
    const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(url.pathname) ?? [];
    const route = routes.find((one) => one.path === (id ? url.pathname.replace(id, ':id') : url.pathname));
    if (!route?.query) throw new Error(`no row for ${path}`);
    const request: RouteRequest = {
      params: id ? { id } : {},
      query: validQuery(route.query, queryOf(url.searchParams)),
      body: undefined,
      caller: as,
      header: (name) => headers[name],
      ip: '127.0.0.1',
      requestId: 'test',
    };
    const answer = await route.handle(request);
    return { position: answer.headers?.Position ?? '', headers: answer.headers ?? {}, body: answer.body };
  };
}

/** The query of a URL as Koa gives it: a text for each parameter, or a list where it is repeated. */
function queryOf(parameters: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(parameters.keys())].map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}
