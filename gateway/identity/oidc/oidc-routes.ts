/**
 * The routes of signing in by OpenID Connect. A browser goes to `start`, from there to the issuer, back to `callback`, and from there to the page with
 * a code in the fragment, which no server is sent. The page's POST exchanges it, in the same browser, for tokens: these are in no URL.
 */
import { z } from 'zod';
import type { AuditKind } from '../../../contracts/audit.ts';
import { ProblemError } from '../../../contracts/problem.ts';
import { passwordAsTyped } from '../../../contracts/user.ts';
import { type Limits, networkOf } from '../../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../../platform/http/route.ts';
import type { Credentials } from '../credentials.ts';
import { randomSecret } from '../refresh-tokens.ts';
import type { Ticketed } from '../second-factor/tickets.ts';
import type { OpenSession } from '../session-record.ts';
import { answerWithTokens, changeSince, secondStepOf, sessionTokens, type TokensOptions, ticketAnswer } from '../session-routes.ts';
import type { Sessions } from '../sessions.ts';
import { type Coming, enter } from './accounts.ts';
import { asOfNow, expectAsItWas } from './as-of.ts';
import { SignInRefused } from './issuer.ts';
import { leadingOn, leadTo } from './leading-on.ts';
import { CALLBACK, type Oidc } from './oidc.ts';

export interface OidcRoutesOptions extends TokensOptions {
  /** Missing where no issuer is set. */
  oidc: Oidc | undefined;
  limits: Limits;
  sessions: Sessions;
  credentials: Credentials;
}

const startQuery = z.strictObject({
  again: z.literal('1').optional().meta({ description: '1: they must show anew to the issuer who they are, even where they are signed in there.' }),
});
/** Whatever the issuer sends along, each at most once. */
const callbackQuery = z.record(z.string().max(100), z.string('must be there once').max(4_000));
const tokensBody = z.strictObject({
  code: z.string().min(1, 'must not be empty').max(200),
  password: passwordAsTyped.optional().meta({ description: 'That of the account with one’s address, where it was asked for.' }),
  invitation: z
    .string()
    .min(1, 'must not be empty')
    .max(200)
    .optional()
    .meta({ description: 'The code of an invitation’s mail: the account is made by it, with the address that was invited.' }),
});
const asksPassword = z.strictObject({
  asksPasswordOf: z.string().meta({ description: 'The address of an account that is joined once its password comes with the same code.' }),
});

/** The time of a proof that nobody knows of. */
const NEVER = new Date(0).toISOString();
/** The name of a sign-in that was taken away already: it names none. */
const GONE = 'gone';

const OF_OIDC = { tag: 'sessions', who: 'anyone' } as const;

export const oidcRoutes: readonly RouteWith<OidcRoutesOptions>[] = [
  {
    row: {
      ...OF_OIDC,
      method: 'GET',
      path: '/api/oidc/start',
      summary: 'Sends a browser to the issuer to sign in there (OpenID Connect). For browsers alone: it sets a cookie.',
      query: startQuery,
      status: 303,
    },
    answer: (options, request) => leadingOn(oidcIn(options), request, () => begin(oidcIn(options), request)),
  },
  {
    row: {
      ...OF_OIDC,
      method: 'GET',
      path: CALLBACK,
      summary: 'Where the issuer sends a browser back. Leads on to the page, with a code in the fragment that is good once, for 10 minutes.',
      query: callbackQuery,
      status: 303,
    },
    answer: (options, request) => leadingOn(oidcIn(options), request, () => comeBackFrom(options, oidcIn(options), request)),
  },
  {
    row: {
      ...OF_OIDC,
      method: 'POST',
      path: '/api/oidc/tokens',
      audit: 'login',
      always: true,
      summary:
        'Exchanges the code of a sign-in for tokens, in the browser that began it. Where an account with the address is there already, its password is asked for once.',
      body: tokensBody,
      response: z.union([sessionTokens, ticketAnswer, asksPassword]),
      example: { code: 'Zk0x…' },
    },
    answer: (options, request) => exchange(options, oidcIn(options), request),
  },
];

function oidcIn({ oidc }: OidcRoutesOptions): Oidc {
  if (!oidc) throw new ProblemError('not_found', 'There is no sign-in by OpenID Connect here.');
  return oidc;
}

async function begin({ browsers, issuer }: Oidc, request: RouteRequest): Promise<Answer> {
  // Another tab of this browser may be on its way already.
  const browser = browsers.of(request) ?? randomSecret();
  const { again } = request.query as z.infer<typeof startQuery>;
  const location = await issuer.begin(browsers.begin(browser, again === '1'));
  return leadTo(location, { 'Set-Cookie': browsers.cookie(browser) });
}

/** Lets the issuer say who came back. Each way back costs a question to it, so that they are limited by network; those who are let in are not counted. */
async function comeBackFrom({ limits }: OidcRoutesOptions, oidc: Oidc, request: RouteRequest): Promise<Answer> {
  const { browsers, issuer, signIns } = oidc;
  const parameters = new URLSearchParams(request.query as z.infer<typeof callbackQuery>);
  const browser = browsers.of(request);
  const state = parameters.get('state') ?? '';
  const flow = browser === null ? null : browsers.flowOf(state, browser);
  if (browser === null || flow === null) throw new SignInRefused('stale', 'its state is not one of this browser');
  const network = networkOf(request.ip);
  await limits.consume('sign-in-ip', network);
  if (!(await signIns.cameBack(state))) throw new SignInRefused('stale', 'its state came back before');
  const who = await issuer.finish(parameters, flow);
  await limits.refund('sign-in-ip', network);
  // What holds now is what the code stands on, whenever it is exchanged.
  const asOf = await asOfNow(oidc.accounts, who);
  return leadTo(`${oidc.publicUrl()}/#sign-in=${await signIns.issue({ who, asOf }, browser)}`);
}

async function exchange(options: OidcRoutesOptions, oidc: Oidc, request: RouteRequest): Promise<Answer> {
  const { browsers, signIns, accounts } = oidc;
  const { code, password, invitation } = request.body as z.infer<typeof tokensBody>;
  const kept = await signIns.find(code, browsers.of(request));
  const { who, asOf } = kept.value;
  await expectAsItWas(accounts, who, asOf);
  const { ip, requestId } = request;
  const also: AuditKind[] = [];
  const did: Coming['did'] = (kind) => {
    also.push(kind);
    request.audit?.({ also });
  };
  const entry = await enter(accounts, who, { ip, requestId, password, invitation, did, about: (user) => request.audit?.({ user }) });
  if ('asksPasswordOf' in entry) {
    // Nobody is in yet.
    request.audit?.({ kind: 'proof' });
    return { headers: { 'Cache-Control': 'no-store' }, body: entry };
  }
  request.audit?.({ user: entry.userId });
  await signIns.spend(kept);
  // Who was signed in there for long has not shown lately who they are; nor has anybody of whom the issuer does not say when they did.
  const provedAt = who.provedAt ?? NEVER;
  // The issuer stands for the password: whoever has a second factor here is asked for it all the same.
  const of = {
    userId: entry.userId,
    version: await options.credentials.version(entry.userId),
    // Who took an account over has ended all its sessions just now.
    epoch: entry.tookOver ? await options.sessions.epoch(entry.userId) : asOf.epoch,
    way: asOf.way ?? (await accounts.subjects.wayOf(who)) ?? GONE,
    provedAt,
  };
  const second = await secondStepOf(options, of);
  if (second) {
    request.audit?.({ kind: 'proof' });
    return { ...second, headers: { 'Set-Cookie': browsers.cookie(null) } };
  }
  const userAgent = request.header('user-agent')?.slice(0, 300) ?? null;
  const session = await options.sessions.start(entry.userId, { userAgent, ip }, provedAt);
  await expectUnchanged(options, session, of);
  const answer = await answerWithTokens(options, session);
  return { ...answer, headers: { ...answer.headers, 'Set-Cookie': browsers.cookie(null) } };
}

/**
 * Ends a session that was just made where its sign-in is the user's no more, all sessions have ended, or a second factor is on that was not asked for:
 * whoever changed that may have missed this one.
 */
async function expectUnchanged(options: OidcRoutesOptions, session: OpenSession, of: Ticketed): Promise<void> {
  const { sessions, secondFactors } = options;
  const change = await changeSince(options, of);
  if (change === null && !(await secondFactors.isOn(session.userId))) return;
  const made = await sessions.get(session.id);
  if (made) await sessions.end(made, change === null ? 'revoked' : 'password');
  throw new ProblemError('conflict', 'The account was changed meanwhile. Sign in again.');
}
