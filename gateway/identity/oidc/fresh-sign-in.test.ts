import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRESH_LOGIN_NEEDED } from '../../../contracts/problem.ts';
import { as, type Installation, type Reply } from '../identity.fixture.ts';
import { codeOfApp } from '../second-factor/second-factor.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import type { TestIssuer } from './issuer.fixture.ts';
import { openWithIssuer, type WithIssuer } from './with-issuer.fixture.ts';

describe('a sign-in as a proof of who somebody is', () => {
  let world: WithIssuer;
  let issuer: TestIssuer;
  let here: Installation;
  beforeAll(async () => {
    world = await openWithIssuer();
    ({ issuer, here } = world);
    for (const name of ['ann', 'bea', 'cid']) issuer.accounts.set(name, { email: `${name}@example.org`, email_verified: true, name });
  });
  afterAll(() => world?.close());

  const again = () => `${here.url}/api/oidc/start?again=1`;
  /** What is answered to who asks for what wants a fresh login. */
  async function asked({ body }: Reply) {
    const reply = await here.call('POST /api/me/second-factor', undefined, as(body.accessToken));
    return reply.status === 403 ? reply.body.type : reply.status;
  }

  it('is none where the issuer does not say when they signed in there, and one where it was asked to have them sign in anew', async () => {
    const browser = openBrowser(here.url);
    const first = await browser.comeIn('ann');
    expect(await asked(first)).toBe(FRESH_LOGIN_NEEDED);
    const second = await browser.comeInAnew('ann');
    expect([second.body.user.id, await asked(second)]).toEqual([first.body.user.id, 200]);
    // It is of its time: ten minutes later it is none.
    here.advance(11 * 60_000);
    expect(await asked(second)).toBe(FRESH_LOGIN_NEEDED);
    here.advance(-11 * 60_000);
  });

  it('is none where the browser left out on the way that they were to sign in anew', async () => {
    const browser = openBrowser(here.url);
    await browser.comeIn('bea');
    const location = new URL((await browser.ask(again())).headers.get('location') ?? '');
    expect([location.searchParams.get('prompt'), location.searchParams.get('max_age')]).toEqual(['login', '600']);
    for (const name of ['prompt', 'max_age']) location.searchParams.delete(name);
    const { url } = await browser.follow(location.href);
    expect(await asked(await browser.exchange(fragmentOf(url)))).toBe(FRESH_LOGIN_NEEDED);
  });

  it('is as old after the code of a second factor as before', async () => {
    const browser = openBrowser(here.url);
    await browser.comeIn('cid');
    const proved = as((await browser.comeInAnew('cid')).body.accessToken);
    const { secret } = (await here.call('POST /api/me/second-factor', undefined, proved)).body;
    const now = () => here.identityOptions.now?.() ?? new Date();
    await here.call('POST /api/me/second-factor/confirm', { code: codeOfApp(secret, now()) }, proved);
    const expected = [
      [`${here.url}/api/oidc/start`, FRESH_LOGIN_NEEDED],
      [again(), 200],
    ] as const;
    for (const [start, answer] of expected) {
      here.advance(60_000);
      const { ticket } = (await browser.exchange(fragmentOf(await browser.signIn('cid', { start })))).body.secondFactor;
      const finished = await here.call('POST /api/login/second-factor', { ticket, code: codeOfApp(secret, now()) });
      const reply = await here.call('POST /api/me/second-factor/recovery-codes', undefined, as(finished.body.accessToken));
      expect(reply.status === 403 ? reply.body.type : reply.status).toBe(answer);
    }
  });
});
