import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRESH_LOGIN_NEEDED } from '../../../contracts/problem.ts';
import { as, type Installation, openInstallation, type Reply } from '../identity.fixture.ts';
import { codeOfApp } from '../second-factor/second-factor.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import { startHostileIssuer } from './hostile-issuer.fixture.ts';

type HostileIssuer = Awaited<ReturnType<typeof startHostileIssuer>>;

const statusOr = ({ status, body }: Reply) => (status === 403 ? body.type : status);

describe('an issuer that never says when somebody signed in there', () => {
  let issuer: HostileIssuer;
  let strict: Installation;
  let trusting: Installation;
  beforeAll(async () => {
    issuer = await startHostileIssuer();
    strict = await openInstallation({ oidc: issuer.settings({ only: true }), requireSecondFactor: ['member'] });
    trusting = await openInstallation({ oidc: issuer.settings({ authTime: 'trust' }) });
  });
  afterAll(() => Promise.all([strict?.close(), trusting?.close(), issuer?.close()]));

  it('is asked for it at each sign-in', async () => {
    for (const query of ['', '?again=1']) {
      const { headers } = await openBrowser(strict.url).ask(`${strict.url}/api/oidc/start${query}`);
      const claims = new URL(headers.get('location') ?? '').searchParams.get('claims');
      expect(JSON.parse(claims ?? '')).toEqual({ id_token: { auth_time: { essential: true } } });
    }
  });

  it('locks nobody out who must have a second factor: they set it up in the session of their sign-in, while that is new', async () => {
    const now = () => strict.identityOptions.now?.() ?? new Date();
    const begin = (token: string) => strict.call('POST /api/me/second-factor', undefined, as(token));
    const old: string = (await openBrowser(strict.url).comeInAnew('anna')).body.accessToken;
    strict.advance(11 * 60_000);
    expect(statusOr(await begin(old))).toBe(FRESH_LOGIN_NEEDED);
    const token: string = (await openBrowser(strict.url).comeInAnew('anna')).body.accessToken;
    const begun = await begin(token);
    expect(begun.status).toBe(200);
    const code = codeOfApp(begun.body.secret, now());
    expect(statusOr(await strict.call('POST /api/me/second-factor/confirm', { code }, as(old)))).toBe(FRESH_LOGIN_NEEDED);
    expect((await strict.call('POST /api/me/second-factor/confirm', { code }, as(token))).status).toBe(200);
    expect((await strict.call('GET /api/me/sign-ins', undefined, as(token))).status).toBe(200);
    // Everything else wants what it wants of anybody.
    expect(statusOr(await strict.call('DELETE /api/me/second-factor', undefined, as(token)))).toBe(FRESH_LOGIN_NEEDED);
  });

  it('is told of once, with what the operator has to do', async () => {
    const told = () => strict.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes('OIDC_AUTH_TIME'));
    for (let n = 0; n < 2; n++) await openBrowser(strict.url).comeInAnew('anna');
    expect(told().map(({ level }) => level)).toEqual([40]);
    expect(told()[0].msg).toContain('auth_time');
  });

  it('is taken at its word where it is trusted: a sign-in that was begun anew is a fresh login, and no other', async () => {
    const asked = async ({ body }: Reply) => statusOr(await trusting.call('POST /api/me/second-factor', undefined, as(body.accessToken)));
    expect(await asked(await openBrowser(trusting.url).comeIn('anna'))).toBe(FRESH_LOGIN_NEEDED);
    const anew = await openBrowser(trusting.url).comeInAnew('anna');
    expect(await asked(anew)).toBe(200);
    trusting.advance(11 * 60_000);
    expect(await asked(anew)).toBe(FRESH_LOGIN_NEEDED);
    expect(trusting.lines.join()).not.toContain('OIDC_AUTH_TIME');
  });

  it('lets no browser say afterwards that it was begun anew', async () => {
    issuer.lie({ back: (good) => ({ ...good, state: String(good.state).replace('.', '.again.') }) });
    expect(fragmentOf(await openBrowser(trusting.url).signIn('anna'), 'sign-in-trouble')).toBe('stale');
    issuer.lie({});
  });

  it('counts by what it says where it says it, also where it is trusted', async () => {
    issuer.lie({ claims: (good) => ({ ...good, auth_time: Math.floor(Date.now() / 1_000) - 86_400 }) });
    const { body } = await openBrowser(trusting.url).comeInAnew('anna');
    issuer.lie({});
    expect(statusOr(await trusting.call('POST /api/me/second-factor', undefined, as(body.accessToken)))).toBe(FRESH_LOGIN_NEEDED);
  });
});
