/**
 * The issuer: where browsers are sent to sign in, and what it says of who came back. Its metadata is looked up when somebody first wants to sign in,
 * and again after a failure and after an hour: an issuer that is away costs nobody a start.
 *
 *     const issuer = openIssuer(settings, { callback: () => 'https://tasks.example.org/api/oidc/callback', log, now });
 *     const url = await issuer.begin(flow);
 *     const who = await issuer.finish(new URLSearchParams('code=…&state=…'), flow);
 */
import * as oidc from 'openid-client';
import { type AbsencesLog, absencesIn } from '../../../platform/absences/absences.ts';
import { Unavailable } from '../../../platform/absences/unavailable.ts';
import { FRESH_MINUTES } from '../fresh-login.ts';
import { AUTH_TIME, openProofs, type ProofsLog } from './proofs.ts';
import type { OidcSettings } from './settings.ts';
import { leavesOpen, type SignedIn, signedInOf } from './signed-in.ts';

/** The three texts that tie an answer of the issuer to the browser that asked. */
export interface Flow {
  state: string;
  nonce: string;
  /** The code verifier of PKCE (RFC 7636). */
  verifier: string;
  /** True where it was begun to show anew who they are; the state tells it, so no browser can say so afterwards. */
  again: boolean;
}

export interface Issuer {
  /** Resolves to the address to which a browser is sent. Error: IssuerUnavailable. */
  begin(flow: Flow): Promise<string>;
  /** Resolves to who came back with these parameters of the callback. Errors: IssuerUnavailable, SignInRefused. */
  finish(parameters: URLSearchParams, flow: Flow): Promise<SignedIn>;
}

export const ISSUER = 'the issuer of sign-ins';

/** The issuer does not answer, or not as one. */
export class IssuerUnavailable extends Unavailable {
  override readonly name = 'IssuerUnavailable';
  readonly dependency = ISSUER;
  readonly answer = 'The sign-in service cannot be reached right now. Try again.';
}

/** Nobody is let in by this answer of the issuer. `denied`: it says itself that they did not sign in; `busy`: that it cannot sign anybody in right now; `stale`: its code was used or is too old, or nobody asked for it in this browser; `wrong`: it fails a check. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  readonly reason: 'denied' | 'busy' | 'stale' | 'wrong';

  constructor(reason: SignInRefused['reason'], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reason = reason;
  }
}

/** Seconds that the issuer has for each answer. */
const PATIENCE = 5;
/** Milliseconds for which the issuer's metadata is kept. */
const KEPT = 3_600_000;

export interface IssuerOptions {
  /** The address to which the issuer sends browsers back. */
  callback(): string;
  log: AbsencesLog & ProofsLog;
  now(): Date;
  /** The monotonic clock, in milliseconds; default performance.now. */
  clock?: (() => number) | undefined;
}

export function openIssuer(settings: OidcSettings, { callback, log, now, clock = () => performance.now() }: IssuerOptions): Issuer {
  const proofs = openProofs(settings, { log, now });
  let known: { of: Promise<oidc.Configuration>; until: number } | undefined;

  /** Looks the metadata up, once for all who ask meanwhile. */
  function discovered(): Promise<oidc.Configuration> {
    if (known && known.until > clock()) return known.of;
    const asked = { of: discover(settings), until: clock() + KEPT };
    known = asked;
    asked.of.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked.of;
  }

  async function told<T>(work: (server: oidc.Configuration) => Promise<T>): Promise<T> {
    try {
      const done = await work(await discovered());
      absencesIn(log).answered(ISSUER);
      return done;
    } catch (error) {
      throw ofIssuer(error);
    }
  }

  return {
    begin: ({ state, nonce, verifier, again }) =>
      told(async (server) => {
        const parameters = {
          redirect_uri: callback(),
          scope: settings.scopes,
          state,
          nonce,
          code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          claims: AUTH_TIME,
          // The browser can leave `prompt` out on the way; with `max_age` the issuer has to say when they signed in (OpenID Connect Core 1.0, 3.1.2.1), and that counts.
          ...(again ? { prompt: 'login', max_age: String(FRESH_MINUTES * 60) } : {}),
        };
        return oidc.buildAuthorizationUrl(server, parameters).href;
      }),

    finish: (parameters, { state, nonce, verifier, again }) =>
      told(async (server) => {
        const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
        const tokens = await oidc.authorizationCodeGrant(server, new URL(`${callback()}?${parameters}`), checks);
        const claims = tokens.claims();
        if (!claims) throw new SignInRefused('wrong', 'there is no id_token');
        const isAsked = server.serverMetadata().userinfo_endpoint !== undefined && leavesOpen(claims, settings);
        const userInfo = isAsked ? await oidc.fetchUserInfo(server, tokens.access_token, claims.sub) : {};
        return proofs.of(signedInOf(claims, userInfo, settings), again);
      }),
  };
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<oidc.Configuration> {
  // An issuer without TLS is one on this machine: the settings are checked for that.
  const isLocal = issuer.startsWith('http:');
  const execute = [oidc.enableNonRepudiationChecks, ...(isLocal ? [oidc.allowInsecureRequests] : [])];
  try {
    return await oidc.discovery(new URL(issuer), clientId, undefined, authenticationBy(clientSecret), { execute, timeout: PATIENCE });
  } catch (error) {
    // Whatever is wrong with the metadata, it is not the doing of who wants to sign in.
    throw unavailable(error);
  }
}

/** Shows the client's secret in the way that the issuer knows: in the header (what OpenID Connect takes for granted), or in the body. */
function authenticationBy(secret: string | undefined): oidc.ClientAuth {
  if (secret === undefined) return oidc.None();
  const [inHeader, inBody] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, ...request) => {
    const ways = server.token_endpoint_auth_methods_supported;
    const isInBody = ways?.includes('client_secret_post') && !ways.includes('client_secret_basic');
    return (isInBody ? inBody : inHeader)(server, ...request);
  };
}

/** The codes of errors that say that the issuer, or the way to it, failed; all others say that its answer fails a check. */
const AWAY: readonly (string | undefined)[] = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'];
/** The errors by which an issuer says that it cannot sign anybody in now (RFC 6749, 4.1.2.1). A browser brings them, so they say nothing of whether it is away. */
const BUSY = ['server_error', 'temporarily_unavailable'];

/** What failed for the issuer's own sake, or for ours, may work later; what it said and fails a check, never. */
function ofIssuer(error: unknown): IssuerUnavailable | SignInRefused {
  if (error instanceof SignInRefused || error instanceof IssuerUnavailable) return error;
  if (error instanceof oidc.AuthorizationResponseError) return new SignInRefused(saidBy(error), error);
  if (error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant') return new SignInRefused('stale', error);
  if (error instanceof oidc.ClientError && !AWAY.includes(error.code)) return new SignInRefused('wrong', error);
  return unavailable(error);
}

/** The reason that the issuer itself gives, in the browser's address. */
function saidBy({ error }: oidc.AuthorizationResponseError): 'busy' | 'denied' {
  return BUSY.includes(error) ? 'busy' : 'denied';
}

function unavailable(error: unknown): IssuerUnavailable {
  const said = error instanceof oidc.ResponseBodyError ? `: ${error.error}` : '';
  return new IssuerUnavailable(`${reasonIn(error)}${said}`, { cause: error });
}

/** The message of an error, with that of what caused it: of a failed fetch only the cause says why. */
function reasonIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
