/** An issuer of our own that signs what a test tells it to: what a good one never says. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CLIENT } from './issuer.fixture.ts';
import type { OidcSettings } from './settings.ts';

type Json = Record<string, unknown>;

/** What the issuer answers in place of what a good one would; each gets that, and may change it. */
export interface Lies {
  metadata?(good: Json): unknown;
  /** The parameters of the callback. */
  back?(good: Record<string, string>): Record<string, string>;
  header?(good: Json): Json;
  claims?(good: Json): Json;
  /** The signature over this text, base64url. */
  signature?(signed: string, keys: { own: KeyObject; other: KeyObject }): string;
  /** The whole answer of the token endpoint. */
  tokens?(good: Json): Json;
  userInfo?(good: Json): Json;
  keys?(good: Json): Json;
  /** The status, and maybe another type and body, of an answer. */
  raw?: { at: string; status: number; body: string; type?: string } | undefined;
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Opens it. `lies` may be changed at any time; without any it is a good issuer, at which everybody is Anna. */
export async function startHostileIssuer() {
  const [own, other] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2_048 })) as [Pair, Pair];
  const state: { lies: Lies; nonce: string } = { lies: {}, nonce: '' };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', url);
    const { raw } = state.lies;
    if (raw?.at === pathname) return void response.writeHead(raw.status, { 'Content-Type': raw.type ?? 'application/json' }).end(raw.body);
    if (request.method === 'POST') await text(request);
    return answers[pathname]?.(response, searchParams) ?? response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const json = (response: ServerResponse, body: unknown) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  const told = <T>(lie: ((good: T) => unknown) | undefined, good: T) => (lie ? lie(good) : good);

  function idToken(): string {
    const { lies } = state;
    const seconds = Math.floor(Date.now() / 1_000);
    const good = { iss: url, aud: CLIENT.clientId, sub: 'anna', nonce: state.nonce, iat: seconds, exp: seconds + 300 };
    const claims = { ...good, email: 'anna@example.org', email_verified: true, name: 'Anna' };
    const signed = `${base64(told(lies.header, { alg: 'RS256', kid: 'own' }))}.${base64(told(lies.claims, claims))}`;
    const make = lies.signature ?? ((what: string) => sign('sha256', Buffer.from(what), own.privateKey).toString('base64url'));
    return `${signed}.${make(signed, { own: own.privateKey, other: other.privateKey })}`;
  }

  const answers: Record<string, (response: ServerResponse, parameters: URLSearchParams) => unknown> = {
    '/.well-known/openid-configuration': (response) =>
      json(
        response,
        told(state.lies.metadata, {
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          userinfo_endpoint: `${url}/userinfo`,
          jwks_uri: `${url}/keys`,
          id_token_signing_alg_values_supported: ['RS256'],
          authorization_response_iss_parameter_supported: true,
        }),
      ),
    '/authorize': (response, asked) => {
      state.nonce = asked.get('nonce') ?? '';
      const back = told(state.lies.back, { code: 'c0de', state: asked.get('state') ?? '', iss: url });
      response.writeHead(303, { Location: `${asked.get('redirect_uri')}?${new URLSearchParams(back as Record<string, string>)}` }).end();
      return true;
    },
    '/token': (response) => json(response, told(state.lies.tokens, { access_token: 'of no use', token_type: 'Bearer', id_token: idToken() })),
    '/userinfo': (response) => json(response, told(state.lies.userInfo, { sub: 'anna', groups: ['guards'] })),
    '/keys': (response) =>
      json(response, told(state.lies.keys, { keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'own', alg: 'RS256', use: 'sig' }] })),
  };

  return {
    url,
    lie: (lies: Lies) => {
      state.lies = lies;
    },
    settings: (more: Partial<OidcSettings> = {}): OidcSettings => ({
      ...{ issuer: url, ...CLIENT, name: 'Example ID', scopes: 'openid email profile', roles: [], only: false, authTime: 'strict' },
      ...more,
    }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}
