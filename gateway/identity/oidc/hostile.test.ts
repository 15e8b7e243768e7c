import { createHmac, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from '../identity.fixture.ts';
import { codeOfApp } from '../second-factor/second-factor.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import { type Lies, startHostileIssuer } from './hostile-issuer.fixture.ts';
import { CLIENT } from './issuer.fixture.ts';

const HOUR = 3_600;
const now = () => Math.floor(Date.now() / 1_000);

describe('an answer of the issuer that fails a check', () => {
  let issuer: Awaited<ReturnType<typeof startHostileIssuer>>;
  let here: Installation;
  beforeAll(async () => {
    issuer = await startHostileIssuer();
    here = await openInstallation({ oidc: issuer.settings({ roleClaim: 'groups', roles: [{ value: 'guards', role: 'security' }] }) });
  });
  afterAll(() => Promise.all([here?.close(), issuer?.close()]));

  /** The reason that the page is told, or that somebody was let in. */
  async function told(lies: Lies): Promise<string> {
    issuer.lie(lies);
    const url = await openBrowser(here.url).signIn('anna');
    return fragmentOf(url) ? 'let in' : fragmentOf(url, 'sign-in-trouble');
  }

  it('is none where nothing is wrong with it', async () => {
    expect(await told({})).toBe('let in');
  });

  const claims = (lie: object): Lies => ({ claims: (good) => ({ ...good, ...lie }) });
  const wrong: [string, Lies][] = [
    ['a nonce of another sign-in', claims({ nonce: 'another' })],
    ['no nonce', claims({ nonce: undefined })],
    ['an audience that is another client', claims({ aud: 'another' })],
    ['several audiences and no authorised party', claims({ aud: [CLIENT.clientId, 'another'] })],
    ['an authorised party that is another client', claims({ aud: [CLIENT.clientId, 'another'], azp: 'another' })],
    ['another issuer', claims({ iss: 'https://another.example' })],
    ['a token that has ended', claims({ iat: now() - 2 * HOUR, exp: now() - HOUR })],
    ['a token without an end', claims({ exp: undefined })],
    ['a token that begins later', claims({ nbf: now() + HOUR })],
    ['no subject', claims({ sub: undefined })],
    ['a subject that is a number', claims({ sub: 7 })],
    ['no signature (none)', { header: () => ({ alg: 'none' }), signature: () => '' }],
    ['no signature (None)', { header: () => ({ alg: 'None' }), signature: () => '' }],
    ['an empty signature', { signature: () => '' }],
    ['a signature by another key', { signature: (signed, { other }) => sign('sha256', Buffer.from(signed), other).toString('base64url') }],
    [
      'a signature by the client’s secret',
      { header: () => ({ alg: 'HS256' }), signature: (signed) => createHmac('sha256', CLIENT.clientSecret).update(signed).digest('base64url') },
    ],
    ['a key that it does not have', { header: (good) => ({ ...good, kid: 'another' }) }],
    ['an algorithm that it does not name', { header: (good) => ({ ...good, alg: 'RS512' }) }],
    ['a critical header', { header: (good) => ({ ...good, crit: ['b64'], b64: false }) }],
    ['no id_token', { tokens: (good) => ({ ...good, id_token: undefined }) }],
    ['an id_token that is none', { tokens: (good) => ({ ...good, id_token: 'a.b.c' }) }],
    ['the name of another issuer on the way back', { back: (good) => ({ ...good, iss: 'https://another.example' }) }],
    ['no name of an issuer on the way back', { back: ({ iss: _, ...good }) => good }],
    ['no code', { back: ({ code: _, ...good }) => good }],
    ['user info of another subject', { userInfo: (good) => ({ ...good, sub: 'another' }) }],
    ['user info of no subject', { userInfo: () => ({ groups: ['guards'] }) }],
  ];
  it.each(wrong)('as %s, lets nobody in', async (_, lies) => {
    expect(await told(lies)).toBe('wrong');
  });

  it('counts as a proof of who somebody is from when they showed it there, not from when they came here', async () => {
    for (const auth_time of [now() - HOUR, undefined]) {
      issuer.lie(claims({ auth_time }));
      const { status, body } = await openBrowser(here.url).comeIn('anna');
      expect(status).toBe(200);
      const sessions = await here.secrets.list<{ createdAt: string; provedAt: string }>('sessions', body.user.id);
      const newest = sessions.map(({ value }) => value).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0];
      // Where it does not say when, that was never.
      expect(newest?.provedAt).toBe(new Date((auth_time ?? 0) * 1_000).toISOString());
    }
  });

  it('is no fresh login by a second factor, either', async () => {
    issuer.lie(claims({ auth_time: now() }));
    const token = as((await openBrowser(here.url).comeIn('anna')).body.accessToken);
    const { secret } = (await here.call('POST /api/me/second-factor', undefined, token)).body;
    const time = () => here.identityOptions.now?.() ?? new Date();
    expect((await here.call('POST /api/me/second-factor/confirm', { code: codeOfApp(secret, time()) }, token)).status).toBe(200);
    const auth_time = now() - HOUR;
    issuer.lie(claims({ auth_time }));
    const { ticket } = (await openBrowser(here.url).comeIn('anna')).body.secondFactor;
    const code = codeOfApp(secret, time(), 1);
    const { body } = await here.call('POST /api/login/second-factor', { ticket, code });
    const { sessionId } = await here.identity.authenticate(body.accessToken);
    const session = await here.secrets.get<{ provedAt: string }>('sessions', sessionId);
    expect(session?.value.provedAt).toBe(new Date(auth_time * 1_000).toISOString());
  });

  it('that names none as an algorithm of its own, lets nobody in, either', async () => {
    issuer.lie({ metadata: (good) => ({ ...good, id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256'] }) });
    const open = await openInstallation({ oidc: issuer.settings() });
    try {
      for (const alg of ['none', 'HS256']) {
        const signature = (signed: string) => (alg === 'none' ? '' : createHmac('sha256', CLIENT.clientSecret).update(signed).digest('base64url'));
        issuer.lie({
          metadata: (good) => ({ ...good, id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256'] }),
          header: () => ({ alg }),
          signature,
        });
        expect(fragmentOf(await openBrowser(open.url).signIn('anna'))).toBe('');
      }
    } finally {
      await open.close();
    }
  });

  it('is told apart from an issuer that cannot answer', async () => {
    const away: Lies[] = [
      { raw: { at: '/token', status: 500, body: 'oops', type: 'text/plain' } },
      { raw: { at: '/token', status: 200, body: '<html>', type: 'text/html' } },
      { raw: { at: '/token', status: 401, body: '{"error":"invalid_client"}' } },
      { raw: { at: '/token', status: 400, body: '{"error":"server_error"}' } },
      { raw: { at: '/userinfo', status: 503, body: 'oops', type: 'text/plain' } },
    ];
    for (const lies of away) expect([lies, await told(lies)]).toEqual([lies, 'away']);
    const spent: Lies = { raw: { at: '/token', status: 400, body: '{"error":"invalid_grant"}' } };
    expect(await told(spent)).toBe('stale');
    expect(await told({ back: ({ state = '', iss = '' }) => ({ state, iss, error: 'login_required' }) })).toBe('denied');
    // A browser brings it, which could say so of any issuer.
    expect(await told({ back: ({ state = '', iss = '' }) => ({ state, iss, error: 'temporarily_unavailable' }) })).toBe('busy');
    expect(await told({})).toBe('let in');
  });

  it('makes no 5xx but 503 of metadata that is none', async () => {
    const bad: Lies[] = [
      { raw: { at: '/.well-known/openid-configuration', status: 404, body: '' } },
      { raw: { at: '/.well-known/openid-configuration', status: 200, body: 'not json' } },
      { raw: { at: '/.well-known/openid-configuration', status: 200, body: '[]' } },
      { metadata: (good) => ({ ...good, issuer: 'https://another.example' }) },
      { metadata: ({ authorization_endpoint: _, ...good }) => good },
      { metadata: (good) => ({ ...good, authorization_endpoint: 'nowhere' }) },
    ];
    for (const lies of bad) {
      issuer.lie(lies);
      const fresh = await openInstallation({ oidc: issuer.settings() });
      try {
        const answer = await fetch(`${fresh.url}/api/oidc/start`, { redirect: 'manual' });
        expect([lies, answer.status]).toEqual([lies, 503]);
      } finally {
        await fresh.close();
      }
    }
  });
});
