/** The way from a Koa context to a row's handler and back. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type Koa from 'koa';
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { Arriving } from './arriving.ts';
import { readForm, readIgnoredForm, readJson } from './body.ts';
import { placeOf } from './front.ts';
import { networkOf } from './limits/limits.ts';
import { type Admitted, type Answer, type AuditNote, type Caller, type Confined, type Route, type RouteRequest, refusalOfConfined } from './route.ts';
import { STREAM_BOUNDS, withStream } from './stream-body.ts';
import { validBody, validId, validQuery } from './validate.ts';

export interface State {
  requestId: string;
  caller?: Caller;
  operator?: Caller;
  apiKey?: string;
  /** Lets the request count as not at work, until what is answered is called. */
  lend?: () => () => void;
  route?: string;
  /** The parameters of the row's path. */
  params?: Record<string, string>;
  /** What the audit log is told beside what every request has. */
  audit?: AuditNote;
  /** True where neither log nor audit log may tell who asked, nor from where. */
  isUnnamed?: boolean;
  /** True where the request was refused since there was no place for it. */
  isCrowded?: boolean;
  jwt?: unknown;
  jwtOriginalError?: Error;
  /** True for an access token that was good in this process before, and has ended. */
  expired?: boolean;
}
export type Context = Koa.ParameterizedContext<State>;

const NO_BODY = z.strictObject({}).optional();
const NO_QUERY = z.strictObject({});

/** The ways in which callers come in: by the claims of an access token, or by an API key. */
export interface Authentication {
  callerOf(claims: unknown): Promise<Caller>;
  admit?(key: string): Promise<Admitted>;
  /** Counts a person's request that may change something; resolves to headers that tell of it. Rejects with ProblemError `limited` at the limit. */
  limit?: ((name: 'commands', callerId: string) => Promise<Record<string, string>>) | undefined;
}

/** True where a cache may keep answers of a row: those that are for anyone, and change nothing. A private one stays where nobody finds it later. */
function mayBeKept({ who, method }: Route): boolean {
  return who === 'anyone' && method === 'GET';
}

function readerOf({ form }: Route) {
  if (form === 'ignored') return readIgnoredForm;
  return form ? readForm : readJson;
}

/**
 * Notes whose row a request is of. One that nothing is to tie to anybody gets an id of its own, and no trace: a client may give one of these to all that it
 * asks for.
 */
function begin(ctx: Context & { params: Record<string, string> }, { path, unnamed, audit }: Route): void {
  ctx.state.route = path;
  ctx.state.params = ctx.params;
  if (audit) ctx.state.audit = { kind: audit };
  if (!unnamed) return;
  ctx.state.isUnnamed = true;
  ctx.state.requestId = randomUUID();
  ctx.set('X-Request-Id', ctx.state.requestId);
  delete ctx.req.headers.traceparent;
}

/** Makes the Koa middleware of a row: authorises, validates, calls the handler, answers.*/
export function endpoint(route: Route, ways: Authentication, arriving: Arriving) {
  const bodySchema = route.body ?? NO_BODY;
  // Where no field is required, a missing body counts as an empty object.
  const absent = route.body?.safeParse({}).success ? {} : undefined;
  const querySchema = route.query ?? NO_QUERY;
  const readBody = readerOf(route);
  const isRead = route.method !== 'GET' && !route.stream;
  const bodyOf = async (ctx: Context) => {
    const body = isRead ? await arrived(ctx, (request) => readBody(request, { arriving, network: networkOf(ctx.ip) })) : undefined;
    // A body of `null` is there, and is none that any row takes.
    return isRead ? validBody(bodySchema, body === undefined ? absent : body) : undefined;
  };
  return async (ctx: Context & { params: Record<string, string> }): Promise<void> => {
    begin(ctx, route);
    const caller = await authorise(ctx, route, ways);
    if (route.method !== 'GET') ctx.set(await countedFor(ctx, caller, ways));
    const request: RouteRequest = {
      params: ctx.params.id === undefined ? ctx.params : { ...ctx.params, id: validId(ctx.params.id) },
      query: validQuery(querySchema, ctx.query),
      body: await bodyOf(ctx),
      caller,
      header: (name) => header(ctx, name),
      ip: ctx.ip,
      requestId: ctx.state.requestId,
      audit: (note) => {
        ctx.state.audit = { ...ctx.state.audit, ...note };
      },
    };
    await respond(ctx, await (route.stream ? handleStream(ctx, route, request) : handled(ctx, route, request)), mayBeKept(route));
  };
}

/** The headers of a person's limit. A backend has the limit of its key, and the operator of this machine none. */
async function countedFor({ state }: Context, caller: Caller | null, { limit }: Authentication): Promise<Record<string, string>> {
  return caller && limit && !state.apiKey && !state.operator ? limit('commands', caller.id) : {};
}

/** The handler's answer. With it the request leaves its place: a client may take long to read it. */
async function handled({ req }: Context, route: Route, request: RouteRequest): Promise<Answer> {
  const place = placeOf(req);
  try {
    const answer = await route.handle(request);
    place?.leave(true);
    return answer;
  } catch (error) {
    place?.leave(error instanceof ProblemError && error.status < 500);
    throw error;
  }
}

/** Reads a body. While it is not here, the request is not at work: others have its place. */
async function arrived({ req, state }: Context, read: (request: IncomingMessage) => Promise<unknown>): Promise<unknown> {
  if (req.complete) return read(req);
  const takeBack = [placeOf(req)?.lend(), state.lend?.()];
  try {
    return await read(req);
  } finally {
    for (const back of takeBack) back?.();
  }
}

function handleStream({ req }: Context, { handle }: Route, request: RouteRequest): Promise<Answer> {
  return withStream(req, async () => handle({ ...request, stream: req }), {
    ...STREAM_BOUNDS,
    network: networkOf(request.ip),
    user: request.caller?.id ?? '',
  });
}

function header(ctx: Context, name: string): string | undefined {
  const value = ctx.req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

async function authorise(ctx: Context, route: Route, { callerOf, admit }: Authentication): Promise<Caller | null> {
  if (route.who === 'anyone') return null;
  const caller = operatorOf(ctx, route) ?? (await backendOf(ctx, route, admit)) ?? (ctx.state.jwt ? await callerOf(ctx.state.jwt) : null);
  if (!caller) throw unauthorised(ctx);
  // Also of a refusal it is known whose it is.
  ctx.state.caller = caller;
  if (Array.isArray(route.who) && !route.who.includes(caller.role)) {
    throw new ProblemError('forbidden', `This is for the roles ${route.who.join(', ')}; yours is ${caller.role}.`);
  }
  expectWithin(caller, route);
  return caller;
}

/** Refuses what an account may not do that has to do something first. Error: ProblemError `forbidden`. */
function expectWithin({ confined }: Caller, route: Route): void {
  if (!confined || route.profile || WITHIN[confined](route)) return;
  throw refusalOfConfined(confined);
}

const WITHIN: Record<Confined, (route: Route) => boolean | undefined> = {
  profile: () => false,
  read: ({ method }) => method === 'GET',
  password: ({ ownPassword }) => ownPassword,
  'second-factor': ({ secondFactor }) => secondFactor,
};

/** The operator, where the row is for roles: the operator is no user. */
function operatorOf(ctx: Context, { who }: Route): Caller | undefined {
  return who === 'user' ? undefined : ctx.state.operator;
}

/** The backend with an API key. It is no user, either: it has no tasks and no inbox, and gets in where a row names its role. */
async function backendOf(ctx: Context, { who }: Route, admit: Authentication['admit']): Promise<Caller | undefined> {
  if (!ctx.state.apiKey || !admit) return undefined;
  const { caller, headers } = await admit(ctx.state.apiKey);
  ctx.set(headers);
  if (who === 'user') throw new ProblemError('forbidden', 'This is for people who log in. An API key is for rows that name the role service.');
  return caller;
}

/** The 401 of a request, whose challenge says whether a token was missing or wrong (RFC 6750, 3). */
function unauthorised(ctx: Context): ProblemError {
  // What is no bearer token is none that could be wrong.
  if (!/^bearer(\s|$)/i.test(ctx.get('Authorization')))
    return new ProblemError('unauthorized', 'Log in: send Authorization: Bearer <accessToken>.', { headers: { 'WWW-Authenticate': 'Bearer' } });
  const expired = ctx.state.expired || ctx.state.jwtOriginalError?.name === 'TokenExpiredError';
  const detail = expired ? 'The access token has expired. Refresh it.' : 'The access token is not valid. Log in again.';
  return new ProblemError('unauthorized', detail, {
    headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${expired ? 'expired' : 'not valid'}"` },
  });
}

async function respond(ctx: Context, answer: Answer, isKept: boolean): Promise<void> {
  if (answer.open) return respondWithStream(ctx, answer, answer.open);
  const { status, headers = {}, body } = answer;
  if (!isKept) ctx.set('Cache-Control', 'no-store');
  tellHeaders(ctx, headers);
  ctx.status = status ?? (body === undefined ? 204 : 200);
  if (body === undefined) return;
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  ctx.body = raw ? body : JSON.stringify(body);
  if (!raw) ctx.type = 'application/json';
  conditional(ctx);
}

/** Sets the headers of an answer. Those of limits are lists: each limit that a request took from is named (RFC 9651, 3.1), and the one that refused it. */
export function tellHeaders(ctx: Context, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('RateLimit')) ctx.append(name, value);
    else ctx.set(name, value);
  }
}

async function respondWithStream(ctx: Context, { status = 200, headers = {} }: Answer, open: () => Promise<Readable>): Promise<void> {
  const { ETag } = headers;
  const isKnown = ETag !== undefined && status < 300 && names(ctx.get('If-None-Match'), ETag);
  // Opened before any header is set: where there are no bytes, the answer is a problem without them.
  const stream = isKnown || ctx.method === 'HEAD' ? null : await open();
  for (const [name, value] of Object.entries(headers)) ctx.set(name, value);
  if (!ctx.response.get('Cache-Control')) ctx.set('Cache-Control', 'private, no-cache');
  ctx.status = isKnown ? 304 : status;
  if (stream) ctx.body = stream;
  // Koa would take a body of none for a 204, and forget the length.
}

/** Gives the answer to every GET an ETag; where If-None-Match names that, the answer is 304 without a body (RFC 9110, 13.1.2). */
function conditional(ctx: Context): void {
  if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return;
  if (!ctx.response.get('ETag'))
    ctx.set(
      'ETag',
      `"${createHash('sha1')
        .update(ctx.body as string | Buffer)
        .digest('base64url')}"`,
    );
  if (!ctx.response.get('Cache-Control')) ctx.set('Cache-Control', 'private, no-cache');
  if (ctx.status < 300 && names(ctx.get('If-None-Match'), ctx.response.get('ETag'))) ctx.status = 304;
}

/**
 * True where If-None-Match names an ETag, by weak comparison. Not Koa's `fresh`: that one sees no match where a request says
 * Cache-Control: no-cache, which fetch adds to every If-None-Match it is given.
 */
function names(ifNoneMatch: string, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}
