/** A route is a row of a table, which is data, and a handler. The Koa app, validation, OpenAPI and the proxy’s map follow from the rows. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Actor, Audience } from '../../contracts/aggregate.ts';
import type { AuditKind } from '../../contracts/audit.ts';
import { FIRST_NEEDED, ProblemError } from '../../contracts/problem.ts';

/** The caller of a request: a user with a live session. */
export interface Caller extends Actor {
  sessionId: string;
  /**
   * What the caller may do at most until the e-mail address is confirmed: see the own profile, or read; or the own profile and what comes first: to
   * choose a password in place of one that was made, to set up a second factor that the role must have; missing: no such bound.
   */
  confined?: Confined;
}

/** The bounds of accounts that have to do something first. */
export const CONFINED = ['profile', 'read', 'password', 'second-factor'] as const;
export type Confined = (typeof CONFINED)[number];

const UNCONFIRMED = 'Confirm your e-mail address first, by the link that was mailed to you. POST /api/confirmation-mails sends it again.';
/** The refusals of somebody who has to do something first, by what they may do until then: the type of the problem, and what to do. */
const FIRST: Record<Confined, { type: string; detail: string }> = {
  profile: { type: FIRST_NEEDED.address, detail: UNCONFIRMED },
  read: { type: FIRST_NEEDED.address, detail: UNCONFIRMED },
  password: {
    type: FIRST_NEEDED.password,
    detail: 'Choose a password of your own first: this one was made for you. PUT /api/me/password changes it.',
  },
  'second-factor': {
    type: FIRST_NEEDED.secondFactor,
    detail: 'Set up a second factor first: your role must have one. POST /api/me/second-factor begins it.',
  },
};

/** The refusal of what an account may not do that has to do something first. */
export function refusalOfConfined(confined: Confined): ProblemError {
  return new ProblemError('forbidden', FIRST[confined].detail, { type: FIRST[confined].type });
}

/** The beginning of every API key: such a bearer token is no JWT. */
export const KEY_PREFIX = 'tlk_';

/** A backend that was let in by its API key, and the headers that tell it how many requests it has left. */
export interface Admitted {
  caller: Caller;
  headers: Record<string, string>;
}

/** What a handler tells the audit log of a request. */
export interface AuditNote {
  /** What the request is of, where its row does not say so already, and it is worth an entry. */
  kind?: AuditKind;
  /** The id of the user whom it is about. */
  user?: string;
  /** What else was done by it, each of which is worth an entry of its own. */
  also?: readonly AuditKind[];
  /** True where the entry is not to say where the request came from: of who has themselves erased nothing else would take that away again. */
  untraced?: boolean;
}

/** A request after authentication and validation. */
export interface RouteRequest {
  /** Path parameters; `:id` is a UUID in lower case. */
  params: Record<string, string>;
  /** The query string by the row's schema. */
  query: unknown;
  /** The body by the row's schema; undefined where the row takes none. */
  body: unknown;
  /** The body as it arrives, where the row takes it as a stream. What the handler leaves of it is read and forgotten. */
  stream?: IncomingMessage;
  /** Null where the row is for anyone and nobody is logged in. */
  caller: Caller | null;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  ip: string;
  /** The request's id: the correlation id of all events that follow from the request. */
  requestId: string;
  /** Tells the audit log more of this request. */
  audit?(note: AuditNote): void;
}

/** The answer of a handler; refusals are thrown as ProblemError. */
export interface Answer {
  /** HTTP status; default 200, and 204 where there is no body. */
  status?: number;
  /** The body, sent as JSON. A text or a Buffer is sent as it is, with the Content-Type of `headers`. */
  body?: unknown;
  /**
   * Opens the body where it is a stream; `headers` have its Content-Length, Content-Type and ETag. It is not called where no byte of it is sent: for
   * HEAD, and where If-None-Match names the ETag. A stream that fails breaks the connection, and a client that goes destroys the stream.
   */
  open?(): Promise<Readable>;
  headers?: Record<string, string>;
}

/** The description of a route. It needs nothing that is opened. */
export interface RouteRow {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path, which starts with `/`; paths below `/api/` are served below `/api/v1/` too. */
  path: string;
  who: Audience;
  /** One sentence for the docs. */
  summary: string;
  /** The group of the row in the docs, as `tasks`. */
  tag: string;
  query?: z.ZodType;
  /** Schema of the body; absent or null where the row takes none. */
  body?: z.ZodType | null;
  /**
   * True where the body is a form (application/x-www-form-urlencoded) and not JSON: for callers that send nothing else. `ignored`: it may be
   * multipart/form-data, too, and nothing in it is looked at.
   */
  form?: boolean | 'ignored';
  /** True where the handler reads the body itself, as a stream: multipart/form-data, of which `body` is for the docs alone. */
  stream?: boolean;
  /**
   * True where requests are let in however many there are, since the row has a bound of its own or must answer when all others are crowded. So are
   * rows that take streams, and those of admins.
   */
  always?: boolean;
  /** Status of a successful answer, for the docs; without one it follows from method and body. */
  status?: number;
  /** A second status with which a successful answer may come, with the same body, for the docs. */
  otherStatus?: number;
  /** Schema of the answer's body, for the docs. */
  response?: z.ZodType;
  /** Example of the body, for the docs. */
  example?: unknown;
  /** True where the row shows or ends what is one's own as a person who logs in: open to those, too, whose address is not confirmed. */
  profile?: true;
  /** True where neither the log nor the audit log may tell who asked, nor from where; the client's own request id and trace are not taken over. */
  unnamed?: true;
  /** The kind of the entry that each request of this row makes in the audit log; missing: only refusals make one. */
  audit?: AuditKind;
  /** True where the row is of one's own second factor: open to those, too, who have to set one up first. */
  secondFactor?: true;
  /** True where the row sets one's own password: open to those, too, who have to choose one first. */
  ownPassword?: true;
  /** True where the docs leave the row out. */
  hidden?: boolean;
}

/** A row with its handler, as an app is made of. */
export interface Route extends RouteRow {
  handle(request: RouteRequest): Promise<Answer> | Answer;
}

/**
 * A row with the function that answers it in a context: in ports, and whatever else is there only once a process has opened it.
 *
 *     export const getThing: RouteWith<{ store: EventStore }> = {
 *       row: { method: 'GET', path: '/api/things/:id', who: 'user', summary: 'A thing.', tag: 'things', response: thingView },
 *       answer: ({ store }, { params }) => thing(store, params.id),
 *     };
 */
export interface RouteWith<Context> {
  row: RouteRow;
  answer: (context: Context, request: RouteRequest) => Promise<Answer> | Answer;
}

/** True for a row whose requests are let in however many there are (`always`). */
export function isLetInAlways({ always, stream, path }: RouteRow): boolean {
  return always === true || stream === true || path.startsWith('/api/admin/');
}

/** The rows alone, in the order given. */
export function rowsOf(routes: readonly { row: RouteRow }[]): RouteRow[] {
  return routes.map(({ row }) => row);
}

/** The routes in this context, in the order given. */
export function routesWith<Context>(context: Context, routes: readonly RouteWith<Context>[]): Route[] {
  return routes.map(({ row, answer }) => ({ ...row, handle: (request) => answer(context, request) }));
}
