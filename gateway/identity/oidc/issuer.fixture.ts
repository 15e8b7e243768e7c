/** A real issuer of OpenID Connect on loopback, with accounts that a test changes, and one client. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ClientMetadata, Provider } from 'oidc-provider';
import type { OidcSettings } from './settings.ts';

/** The claims of an account at the issuer, beside its subject. */
export type IssuersClaims = Record<string, unknown> & { email?: string; email_verified?: boolean; name?: string };

export const CLIENT = { clientId: 'taskledger', clientSecret: 'a secret: with %signs of its own' };

/** Opens the issuer, which answers once `serve` told it where browsers go back to. `client` changes what it knows of us. */
export async function startIssuer(client: Partial<ClientMetadata> = {}) {
  const accounts = new Map<string, IssuersClaims>();
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown = (_, response) => response.writeHead(503).end();
  const server = createServer((request, response) => void answer(request, response));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  function listen(at: number): Promise<void> {
    return new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  }

  function serve(callback: string): void {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const provider = new Provider(url, {
      clients: [{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, redirect_uris: [callback], ...client }],
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' } as never] },
      cookies: { keys: ['a key of cookies'] },
      ttl: { AccessToken: 600, AuthorizationCode: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      pkce: { required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'groups'] },
      features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      findAccount: (_, sub) => (accounts.has(sub) ? { accountId: sub, claims: async () => ({ ...accounts.get(sub), sub }) } : undefined),
      // Nobody is asked whether this client may know them.
      loadExistingGrant: async (ctx) => {
        const { client: of, session, provider: at } = ctx.oidc;
        // A second grant would end the codes of the first.
        const before = session?.grantIdFor(of?.clientId ?? '');
        if (before) return at.Grant.find(before);
        const grant = new at.Grant({ clientId: of?.clientId ?? '', accountId: session?.accountId ?? '' });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    });
    const callback_ = provider.callback();
    answer = (request, response) => (request.url?.startsWith('/interaction/') ? interact(provider, request, response) : callback_(request, response));
  }

  return {
    url,
    accounts,
    serve,
    /** What we know of it. */
    settings: (more: Partial<OidcSettings> = {}): OidcSettings => ({
      ...{ issuer: url, ...CLIENT, name: 'Example ID', scopes: 'openid email profile', roles: [], only: false, authTime: 'strict' },
      ...more,
    }),
    /** Goes away: nobody is answered until `back`. */
    away: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
    back: () => listen(port),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>;

/** The issuer's own page: who signs in types the subject of an account, or turns back. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('Content-Type', 'text/html');
    response.end(
      '<form method="post"><label>Account <input name="account"></label> <button>Sign in</button> <button name="no" value="1">No</button></form>',
    );
    return;
  }
  const form = new URLSearchParams(await text(request));
  const result = form.get('no') ? { error: 'access_denied' } : { login: { accountId: form.get('account') ?? '' } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
