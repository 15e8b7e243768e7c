/**
 * The HTTP app: Koa, made of rows of routes.
 *
 *     const app = createApp({ routes, accessTokens, callerOf, origins: [], trustProxy: false, log });
 *     createServer(app.callback()).listen(3000);
 */
import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import cors from '@koa/cors';
import Router from '@koa/router';
import Koa from 'koa';
import koaJwt from 'koa-jwt';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { ProblemError, toProblem } from '../../contracts/problem.ts';
import { openAdmission } from './admission.ts';
import { openArriving } from './arriving.ts';
import { type Audited, auditedIn } from './audited.ts';
import { Crowded, crowded, tellCrowds } from './crowded.ts';
import { type Authentication, type Context, endpoint, type State, tellHeaders } from './endpoint.ts';
import { type GateOfRow, withFront } from './front.ts';
import { escaped, smallPage } from './html.ts';
import { networkOf } from './limits/limits.ts';
import { type ApartOrigin, isAmong, isAt } from './origins.ts';
import { ALL_METHODS, methodsByPath, namedFirst } from './paths.ts';
import { problemOfError } from './problem-of.ts';
import { type Admitted, type Caller, isLetInAlways, KEY_PREFIX, type Route, type RouteRow } from './route.ts';
import { openUnreadAnswers } from './unread-answers.ts';

export interface AppOptions {
  routes: readonly Route[];
  /** Rows that other parts answer: their methods are told to a client that comes here with the path of one and a method it does not have. */
  elsewhere?: readonly RouteRow[];
  /** Options by which koa-jwt verifies access tokens. */
  accessTokens: Omit<koaJwt.Options, 'passthrough' | 'key' | 'tokenKey'>;
  /** The user behind verified claims. Rejects with ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Caller>;
  /** The backend behind an API key (`Bearer tlk_…`), with headers that tell how often it may ask. Errors: ProblemError `unauthorized`, `limited`. */
  admit?(key: string): Promise<Admitted>;
  /** Counts a person's request that may change something. Default: none is counted. */
  limit?: Authentication['limit'];
  /** The caller behind an operator's token; null for any other token. */
  operator?(token: string): Caller | null;
  /** Origins whose pages may call the API, beside our own. */
  origins: readonly string[];
  /** An origin at which only some paths are answered. */
  apart?: ApartOrigin | undefined;
  trustProxy: boolean;
  log: Logger;
  /** Called after each request, for /metrics. */
  observe?(done: { method: string; route: string; status: number; seconds: number }): void;
  /** Called with what the audit log is to know of a request. */
  audit?(seen: Audited): void;
  /** Called for each request that is refused because too much is at work, for /metrics. */
  refused?(): void;
  /** Requests under way at once, at most; above that the answer is 503, but to questions about health. Default 2,000. */
  inFlight?: number;
  /** Bodies that arrive slowly, from one network, at most; default 100. */
  slowBodies?: number | undefined;
}

/** What answers requests. */
export interface HttpApp {
  /** Makes the listener that an HTTP server is given. */
  callback(): RequestListener;
}

/** Makes the app; `app.callback()` goes to an HTTP server. */
export function createApp(options: AppOptions): HttpApp {
  // Only the last address of X-Forwarded-For is the proxy's own word: those before it are whatever the client sent.
  const app = new Koa<State>({ proxy: options.trustProxy, maxIpsCount: 1 });
  const router = new Router<State>({ sensitive: true });
  const refused = tellCrowds(options);
  const admission = openAdmission({ refused });
  const gates: GateOfRow[] = [];
  const arriving = openArriving(options.slowBodies === undefined ? {} : { slow: options.slowBodies });
  for (const route of namedFirst(options.routes)) {
    if (!isLetInAlways(route)) gates.push({ row: route, gate: admission.gate(`${route.method} ${route.path}`) });
    router.register(route.path, [route.method.toLowerCase()], endpoint(route, options, arriving));
  }
  const methodsAt = methodsByPath([...options.routes, ...(options.elsewhere ?? [])]);
  app.use(account(options));
  app.use(problems(options, refused));
  app.use(boundUnread());
  if (options.apart) app.use(nothingElseAt(options.apart));
  app.use(
    cors({
      origin: (ctx) => (isAmong(options.origins, ctx.get('Origin')) ? ctx.get('Origin') : ''),
      credentials: false,
      exposeHeaders: ['Position', 'ETag', 'Location', 'Link', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
      allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match', 'Read-After', 'Traceparent', 'X-Request-Id'],
      allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      maxAge: 600,
    }),
  );
  app.use(versionless);
  app.use(otherMethods(methodsAt));
  app.use(operatorAware(options));
  app.use(keyAware);
  app.use(verifiedOnce(koaJwt({ ...options.accessTokens, passthrough: true, key: 'jwt', getToken: bearerIn })));
  app.use(router.routes());
  app.use(nothingHere(methodsAt));
  app.on('error', (error) => options.log.warn({ err: error }, 'connection'));
  return { callback: () => withFront(app.callback(), { gates, origins: options.origins }) };
}

/** The outermost middleware: gives each request its id, its one log line, and its place in the metrics. */
function account({ log, observe, audit }: AppOptions): Koa.Middleware<State> {
  return async (ctx, next) => {
    const started = performance.now();
    ctx.state.requestId = correlation(ctx.get('X-Request-Id'));
    ctx.set('X-Request-Id', ctx.state.requestId);
    await next();
    const seconds = (performance.now() - started) / 1000;
    const { method, path, status } = ctx;
    const { route = 'none', requestId: id } = ctx.state;
    observe?.({ method, route, status, seconds });
    // Of thousands a second the metrics tell, and one line when they begin.
    if (!ctx.state.isCrowded)
      log.info(
        {
          id,
          method,
          route,
          path: pathOfLog(path, route),
          status,
          ms: Math.round(seconds * 1e5) / 100,
          ...whoAsked(ctx),
        },
        'request',
      );
    if (audit) for (const seen of auditedIn(ctx)) audit(seen);
  };
}

/** Who asked, and from where; nothing of a request of which nobody may know that. */
function whoAsked({ state, status, ip }: Context): { user?: string; about?: string; network?: string } {
  return state.isUnnamed ? {} : { ...peopleOf(state, status), network: networkOf(ip) };
}

/**
 * The people of a line of the log: `user` is who asked, `about` whom it was about. Nobody is logged in at a login: where it succeeds the user is who
 * asked, and where it fails, the one whose account somebody wanted.
 */
function peopleOf({ caller, audit }: State, status: number): { user?: string; about?: string } {
  const about = audit?.user;
  if (!about || about === caller?.id) return caller ? { user: caller.id } : {};
  if (caller) return { user: caller.id, about };
  return status < 400 && (audit?.kind === 'login' || audit?.kind === 'proof') ? { user: about } : { about };
}

/** Bounds what waits for clients that read slowly, or not at all. A stream is made as it is read. */
function boundUnread(): Koa.Middleware<State> {
  const unread = openUnreadAnswers();
  return async (ctx, next) => {
    await next();
    if (typeof ctx.body === 'string') unread.send(ctx.res, networkOf(ctx.ip), Buffer.byteLength(ctx.body));
  };
}

/** Answers every error as problem+json; refuses requests above `inFlight`. */
function problems({ log, routes, inFlight = 2_000 }: AppOptions, refused: (route: string) => void): Koa.Middleware<State> {
  let working = 0;
  const ofHealth = new Set(routes.filter(({ tag }) => tag === 'health').map(({ path }) => path));
  const lend = () => {
    working--;
    return () => void working++;
  };
  return async (ctx, next) => {
    working++;
    ctx.state.lend = lend;
    try {
      if (working > inFlight && !ofHealth.has(ctx.path)) throw tooMany(refused);
      await next();
    } catch (error) {
      ctx.state.isCrowded = error instanceof Crowded;
      answerProblem(ctx, error, log);
    } finally {
      working--;
    }
  };
}

/** A path as logs may have it: without the token that is all one needs, and without the e-mail address that somebody may have put in the place of an id. */
function pathOfLog(path: string, route: string): string {
  return route.split('/').includes(':token') ? route : path.replace(/[^/]*(@|%40)[^/]*/gi, '<address>');
}

function tooMany(refused: (route: string) => void): Crowded {
  refused('any');
  return crowded();
}

/** Refuses at an origin apart whatever is not for it, before anybody is asked who they are. */
function nothingElseAt({ origin, paths }: ApartOrigin): Koa.Middleware<State> {
  return (ctx, next) => {
    if (!isAt(origin, ctx.req.headers.host) || ctx.path.startsWith(paths)) return next();
    throw new ProblemError('not_found', `At this address there is only what begins with ${paths}.`);
  };
}

function correlation(given: string): string {
  return /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
}

function answerProblem(ctx: Context, error: unknown, log: Logger): void {
  const problem = problemOfError(error, log, { id: ctx.state.requestId });
  // Of whatever is not available now, a client is told when to ask again.
  if (problem.status === 503) ctx.set('Retry-After', '1');
  tellHeaders(ctx, problem.headers);
  ctx.status = problem.status;
  const told = toProblem(problem, ctx.state.requestId);
  const asPage = opensInBrowser(ctx);
  ctx.body = asPage ? smallPage(told.title, `<p>${escaped(told.detail)}</p><p><a href="/">To the first page</a></p>`) : JSON.stringify(told);
  ctx.type = asPage ? 'text/html; charset=utf-8' : 'application/problem+json';
  ctx.set('Cache-Control', 'no-store');
  ctx.vary('Accept');
}

/** True for whoever follows a link or sends a form: browsers name pages first then. What asks for data names none, or `*\/*` alone. */
function opensInBrowser(ctx: Context): boolean {
  return /^\s*text\/html\b/i.test(ctx.get('Accept'));
}

/** Takes `/api/v1/…` for `/api/…`. */
const versionless: Koa.Middleware<State> = (ctx, next) => {
  if (ctx.path.startsWith('/api/v1/')) ctx.path = `/api/${ctx.path.slice('/api/v1/'.length)}`;
  return next();
};

/** Tokens whose verification is remembered: checking a signature costs more than the rest of a request's authentication. */
const VERIFIED = 10_000;

interface VerifiedToken {
  claims: { exp: number };
  /** The token's end by the monotonic clock, in milliseconds: a clock that is set meanwhile makes it neither longer nor shorter. */
  until: number;
}

/** Runs koa-jwt for a token that is new; one that was seen to end stays refused. That its session still lives is checked for every request, later. */
function verifiedOnce(verify: Koa.Middleware<State>): Koa.Middleware<State> {
  const verified = new LRUCache<string, VerifiedToken>({ max: VERIFIED });
  return (ctx, next) => {
    if (ctx.state.apiKey) return next();
    const { authorization = '' } = ctx.req.headers;
    const known = verified.get(authorization);
    if (known) {
      if (known.until > performance.now()) ctx.state.jwt = known.claims;
      else ctx.state.expired = true;
      return next();
    }
    return verify(ctx, () => {
      const claims = ctx.state.jwt as { exp: number } | undefined;
      if (claims) verified.set(authorization, { claims, until: performance.now() + claims.exp * 1_000 - Date.now() });
      return next();
    });
  };
}

/** Recognises an operator's token, before koa-jwt: it is no JWT. */
function operatorAware({ operator }: AppOptions): Koa.Middleware<State> {
  return (ctx, next) => {
    const { authorization = '' } = ctx.req.headers;
    const caller = operator && authorization.startsWith('Bearer operator-') ? operator(authorization.slice('Bearer '.length)) : null;
    if (caller) ctx.state.operator = caller;
    return next();
  };
}

/** The header of a bearer token; the scheme's case does not matter (RFC 9110, 11.1). */
const BEARER = /^bearer +(\S+)$/i;

function bearerIn({ req }: Pick<Koa.Context, 'req'>): string | null {
  return BEARER.exec(req.headers.authorization ?? '')?.[1] ?? null;
}

/** Recognises an API key, before koa-jwt: it is no JWT. It is looked up where a row asks for its caller. */
const keyAware: Koa.Middleware<State> = (ctx, next) => {
  const key = bearerIn(ctx);
  if (key?.startsWith(KEY_PREFIX)) ctx.state.apiKey = key;
  return next();
};

/** Answers a request for a known path with a method that it does not have, which Allow then names (RFC 9110, 15.5.6); and OPTIONS of any. */
function otherMethods(methodsAt: (path: string) => readonly string[]): Koa.Middleware<State> {
  return (ctx, next) => {
    const methods = methodsAskedFor(ctx) ?? methodsAt(ctx.path);
    if (methods.length === 0) return next();
    if (ctx.method === 'OPTIONS') return tellMethods(ctx, methods);
    if (methods.includes(ctx.method)) return next();
    throw otherMethod(methods);
  };
}

/** The methods of all that is here, where a request asks for those (RFC 9110, 9.3.7). */
function methodsAskedFor({ method, path }: Context): readonly string[] | null {
  return method === 'OPTIONS' && path === '*' ? ALL_METHODS : null;
}

function tellMethods(ctx: Context, methods: readonly string[]): void {
  ctx.set('Allow', methods.join(', '));
  ctx.status = 204;
}

function otherMethod(methods: readonly string[]): ProblemError {
  const Allow = methods.join(', ');
  return new ProblemError('method_not_allowed', `There is something at this path, but not with this method; it takes ${Allow}.`, {
    headers: { Allow },
  });
}

/** Answers a request that no row took: an unknown path, or one that another part answers. */
function nothingHere(methodsAt: (path: string) => readonly string[]): Koa.Middleware<State> {
  return (ctx) => {
    const methods = methodsAt(ctx.path);
    throw methods.length === 0 ? new ProblemError('not_found', `There is nothing at ${ctx.path}.`) : otherMethod(methods);
  };
}
