import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openBrowser } from './oidc/browser.fixture.ts';
import { startIssuer, type TestIssuer } from './oidc/issuer.fixture.ts';

const PASSWORD = 'correct horse battery';

describe.each([false, true])('who signed in with an address that the issuer has not verified, with OIDC_ONLY=%s', (only) => {
  let issuer: TestIssuer;
  let here: Installation;
  beforeAll(async () => {
    issuer = await startIssuer();
    here = await openInstallation({ oidc: issuer.settings({ only }), unconfirmed: 'none' });
    issuer.serve(`${here.url}/api/oidc/callback`);
  });
  afterAll(() => Promise.all([here?.close(), issuer?.close()]));

  /** Signs somebody in who is not confirmed; `link` makes the code of a mail to them. */
  async function signedIn(name: string) {
    issuer.accounts.set(name, { email: `${name}@example.org`, email_verified: false, name });
    const { body } = await openBrowser(here.url).comeIn(name);
    const { id } = body.user;
    return { id, body, headers: as(body.accessToken), link: () => here.identity.issueCode(id, 'confirm') };
  }
  const confirm = (token: string, headers: Record<string, string>) => here.call('POST /api/me/confirmation', { token }, headers);

  it('is mailed a link, which confirms the account in that session, without a password, and leaves the way in', async () => {
    const ann = await signedIn('ann');
    expect(ann.body.user.confined).toBe('profile');
    // As whoever registers: this is what the mail follows from.
    const [created] = await here.events(`user-${ann.id}`);
    expect(created?.metadata.actor).toBe('anonymous');
    expect((await here.call('POST /api/confirmation-mails', { email: 'ann@example.org' })).status).toBe(202);
    const token = await ann.link();
    expect(await confirm(token, ann.headers)).toMatchObject({ status: 200, body: { id: ann.id, confirmed: true } });
    expect((await here.call('GET /api/me', undefined, ann.headers)).body).toMatchObject({ confirmed: true, password: false });
    expect((await here.call('POST /api/tasks', { title: 'A lamp' }, { ...ann.headers, 'idempotency-key': 'a lamp' })).status).not.toBe(403);
    expect((await openBrowser(here.url).comeIn('ann')).body.user).toEqual({ id: ann.id, name: 'ann', role: 'member' });
    expect((await confirm(token, ann.headers)).status).toBe(422);
  });

  it('confirms no other account by its link, and nothing by a link of another kind', async () => {
    const [ben, cleo] = [await signedIn('ben'), await signedIn('cleo')];
    expect((await confirm(await ben.link(), cleo.headers)).status).toBe(403);
    expect((await confirm(await here.identity.issueCode(cleo.id, 'reset'), cleo.headers)).status).toBe(422);
    for (const one of [ben, cleo]) expect((await here.call('GET /api/me', undefined, one.headers)).body.confirmed).toBe(false);
  });
});

it('who has a password sets another one by the link: the one before may be a stranger’s', async () => {
  const here = await openInstallation({ unconfirmed: 'none' });
  try {
    const account = { email: 'dora@example.org', password: PASSWORD };
    const { id } = (await here.call('POST /api/users', { ...account, name: 'Dora' })).body;
    const { accessToken } = (await here.call('POST /api/login', account)).body;
    const token = await here.identity.issueCode(id, 'confirm');
    const refused = await here.call('POST /api/me/confirmation', { token }, as(accessToken));
    expect([refused.status, (await here.call('GET /api/me', undefined, as(accessToken))).body.confirmed]).toEqual([409, false]);
    expect((await here.call('POST /api/confirmations', { token, password: PASSWORD })).status).toBe(200);
  } finally {
    await here.close();
  }
});
