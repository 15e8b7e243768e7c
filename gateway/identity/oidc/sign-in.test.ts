import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIRST_NEEDED } from '../../../contracts/problem.ts';
import { as, type Installation, type Reply } from '../identity.fixture.ts';
import { codeOfApp } from '../second-factor/second-factor.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import type { TestIssuer } from './issuer.fixture.ts';
import { openWithIssuer, type WithIssuer } from './with-issuer.fixture.ts';

const PASSWORD = 'correct horse battery';

describe('signing in at an issuer', () => {
  let world: WithIssuer;
  let issuer: TestIssuer;
  let here: Installation;
  beforeAll(async () => {
    world = await openWithIssuer({ unconfirmed: 'none' });
    ({ issuer, here } = world);
  });
  afterAll(() => world?.close());

  /** Makes an account at the issuer, whose address it has verified unless told otherwise. */
  function atIssuer(account: string, claims: object = {}) {
    issuer.accounts.set(account, { email: `${account}@example.org`, email_verified: true, name: `${account} Lind`, ...claims });
  }

  async function register(email: string): Promise<string> {
    const made = await here.call('POST /api/users', { name: 'Some One', email, password: PASSWORD }, { 'idempotency-key': `register-${email}` });
    expect(made.status).toBe(201);
    return made.body.id;
  }

  async function confirmed(email: string): Promise<string> {
    const id = await register(email);
    const token = await here.identity.issueCode(id, 'confirm');
    expect((await here.call('POST /api/confirmations', { token, password: PASSWORD })).status).toBe(200);
    return id;
  }

  const login = (email: string) => here.call('POST /api/login', { email, password: PASSWORD });
  const me = async ({ body }: Reply) => (await here.call('GET /api/me', undefined, as(body.accessToken))).body;
  const types = async (id: string) => (await here.events(`user-${id}`)).map(({ type }) => type);

  it('makes an account that is confirmed, and is the same one the next time', async () => {
    atIssuer('anna', { email: 'Anna@example.org', name: 'Anna Lindqvist' });
    const first = await openBrowser(here.url).comeIn('anna');
    expect([first.status, first.body.user.name]).toEqual([200, 'Anna Lindqvist']);
    expect(await me(first)).toMatchObject({ email: 'Anna@example.org', role: 'member', confirmed: true });
    const again = await openBrowser(here.url).comeIn('anna');
    expect(again.body.user.id).toBe(first.body.user.id);
    expect(await types(first.body.user.id)).toEqual(['UserCreated', 'UserConfirmed', 'SignInJoined']);
    const entries = here.audited.filter(({ about }) => about === first.body.user.id).map(({ kind, row }) => `${kind} ${row}`);
    expect(entries).toEqual(['login', 'registration', 'login'].map((kind) => `${kind} POST /api/oidc/tokens`));
  });

  it('has tokens in no address, no subject in any event, and leaves the browser no cookie', async () => {
    atIssuer('tilda');
    const browser = openBrowser(here.url);
    const { body } = await browser.comeIn('tilda');
    const addresses = browser.visited.join('\n');
    expect([addresses.includes(body.accessToken), addresses.includes(body.refreshToken)]).toEqual([false, false]);
    expect([...browser.cookies().keys()]).toEqual([]);
    const events = JSON.stringify(await here.events(`user-${body.user.id}`));
    expect(events).toContain('tilda@example.org');
    expect(events).not.toContain('"tilda"');
    expect(here.stored('subjects').join()).not.toContain('tilda');
  });

  it('says who somebody is by issuer and subject, also once the address there is another one, or that of somebody else', async () => {
    atIssuer('otto');
    const first = await openBrowser(here.url).comeIn('otto');
    await confirmed('renamed@example.org');
    atIssuer('otto', { email: 'renamed@example.org' });
    const again = await openBrowser(here.url).comeIn('otto');
    expect(again.body.user.id).toBe(first.body.user.id);
    expect(await me(again)).toMatchObject({ email: 'otto@example.org' });
    // Whoever has the address there now is somebody else, and does not come in as Otto.
    atIssuer('new-otto', { email: 'otto@example.org' });
    expect(await openBrowser(here.url).comeIn('new-otto')).toMatchObject({ status: 409 });
  });

  it('asks for the second factor of who has one here, and lets in by its code alone', async () => {
    atIssuer('vera');
    const first = await openBrowser(here.url).comeInAnew('vera');
    const token = as(first.body.accessToken);
    const { secret } = (await here.call('POST /api/me/second-factor', undefined, token)).body;
    const now = () => here.identityOptions.now?.() ?? new Date();
    expect((await here.call('POST /api/me/second-factor/confirm', { code: codeOfApp(secret, now()) }, token)).status).toBe(200);
    const { status, body } = await openBrowser(here.url).comeIn('vera');
    expect([status, Object.keys(body)]).toEqual([200, ['secondFactor']]);
    const finish = (code: string) => here.call('POST /api/login/second-factor', { ticket: body.secondFactor.ticket, code });
    expect((await finish('000000')).status).toBe(422);
    here.advance(60_000);
    const finished = await finish(codeOfApp(secret, now()));
    expect([finished.status, finished.body.user.id]).toEqual([200, first.body.user.id]);
  });

  it('joins a confirmed account of the verified address once its password came, and tells its owner', async () => {
    const id = await confirmed('bea@example.org');
    atIssuer('bea');
    const browser = openBrowser(here.url);
    const code = fragmentOf(await browser.signIn('bea'));
    const asked = await browser.exchange(code);
    expect([asked.status, asked.body]).toEqual([200, { asksPasswordOf: 'bea@example.org' }]);
    const wrong = await browser.exchange(code, { password: 'not the password' });
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/password']);
    expect(await types(id)).not.toContain('SignInJoined');
    const right = await browser.exchange(code, { password: PASSWORD });
    expect([right.status, right.body.user.id]).toEqual([200, id]);
    expect((await here.events(`user-${id}`)).at(-1)).toMatchObject({ type: 'SignInJoined', data: { issuer: issuer.url, by: 'password' } });
    expect((await openBrowser(here.url).comeIn('bea')).body.user.id).toBe(id);
    expect((await login('bea@example.org')).status).toBe(200);
  });

  it('joins no account by a password that was made for somebody, until they have chosen another one', async () => {
    const { ensureAdmin } = here.identity;
    const made = (await ensureAdmin('root@example.org')) ?? '';
    atIssuer('root');
    const browser = openBrowser(here.url);
    const refused = await browser.comeIn('root', { password: made });
    expect([refused.status, refused.body.type]).toEqual([403, FIRST_NEEDED.password]);
    const { body } = await here.call('POST /api/login', { email: 'root@example.org', password: made });
    await here.call('PUT /api/me/password', { current: made, new: PASSWORD }, as(body.accessToken));
    expect((await browser.comeIn('root', { password: PASSWORD })).body.user.id).toBe(body.user.id);
  });

  it('comes in no more once the account’s owner has set another password by a mailed link: the joining may have been a stranger’s', async () => {
    const id = await confirmed('iris@example.org');
    atIssuer('iris');
    expect((await openBrowser(here.url).comeIn('iris', { password: PASSWORD })).body.user.id).toBe(id);
    const token = await here.identity.issueCode(id, 'reset');
    expect((await here.call('POST /api/password-resets/finish', { token, password: 'staple of the month' })).status).toBe(200);
    expect((await openBrowser(here.url).comeIn('iris')).body).toEqual({ asksPasswordOf: 'iris@example.org' });
  });

  it('limits the passwords that are tried so, as those of logins', async () => {
    await confirmed('lim@example.org');
    atIssuer('lim');
    const browser = openBrowser(here.url);
    const code = fragmentOf(await browser.signIn('lim'));
    const statuses: number[] = [];
    for (let n = 0; n < 11; n++) statuses.push((await browser.exchange(code, { password: `wrong number ${n}` })).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 422), 429]);
  });

  it('joins no account whose address the issuer has not verified, and takes only true for that', async () => {
    await confirmed('cleo@example.org');
    for (const email_verified of [false, undefined, 'true', 1, null]) {
      atIssuer('cleo', { email_verified });
      const browser = openBrowser(here.url);
      expect(await browser.comeIn('cleo', { password: PASSWORD })).toMatchObject({ status: 409 });
    }
  });

  it('gives an account that nobody confirmed to who has the mailbox, and ends all that a stranger had', async () => {
    const id = await register('dora@example.org');
    const strangers = await login('dora@example.org');
    const [link, reset] = [await here.identity.issueCode(id, 'confirm'), await here.identity.issueCode(id, 'reset')];
    // As where the installation lets in who is not confirmed.
    const phone = '+4915112345678';
    for (const type of ['RequestPhone', 'ConfirmPhone'])
      await here.commands.handle(
        {
          ...{ type, stream: `user-${id}`, id, data: { phone }, commandId: crypto.randomUUID() },
          ...{ actor: { id, role: 'member', seesAll: false }, now: new Date().toISOString() },
        },
        { correlationId: 'test' },
      );
    atIssuer('dora');
    const came = await openBrowser(here.url).comeIn('dora');
    expect([came.status, came.body.user.id]).toEqual([200, id]);
    expect((await me(came)).confirmed).toBe(true);
    expect(await me(came)).not.toHaveProperty('phone');
    expect((await login('dora@example.org')).status).toBe(401);
    const refresh = await here.call('POST /api/token/refresh', { refreshToken: strangers.body.refreshToken });
    const old = await here.call('GET /api/me', undefined, as(strangers.body.accessToken));
    const late = await here.call('POST /api/confirmations', { token: link, password: PASSWORD });
    expect([refresh.status, old.status, late.status]).toEqual([401, 401, 422]);
    // There is no password that it set.
    const looked = await here.call('POST /api/link-checks', { purpose: 'reset', token: reset });
    expect(looked.body).toEqual({ good: false, done: false });
  });

  it('makes an account that waits for its confirmation where the issuer has not verified the address', async () => {
    atIssuer('emil', { email_verified: false });
    const came = await openBrowser(here.url).comeIn('emil');
    expect(came.body.user.confined).toBe('profile');
    expect(await me(came)).toMatchObject({ email: 'emil@example.org', confirmed: false });
  });

  it('lets nobody in any more who signed in as an account before the owner of its mailbox confirmed it', async () => {
    atIssuer('mallory', { email: 'victim@example.org', email_verified: false });
    const mallory = await openBrowser(here.url).comeIn('mallory');
    const { id } = mallory.body.user;
    const token = await here.identity.issueCode(id, 'confirm');
    await here.call('POST /api/confirmations', { token, password: PASSWORD });
    expect((await here.call('GET /api/me', undefined, as(mallory.body.accessToken))).status).toBe(401);
    expect((await openBrowser(here.url).comeIn('mallory')).status).toBe(409);
    // The same where the owner comes by the issuer.
    atIssuer('trudy', { email: 'walter@example.org', email_verified: false });
    const trudy = await openBrowser(here.url).comeIn('trudy');
    atIssuer('walter');
    const walter = await openBrowser(here.url).comeIn('walter');
    expect(walter.body.user.id).toBe(trudy.body.user.id);
    expect((await here.call('GET /api/me', undefined, as(trudy.body.accessToken))).status).toBe(401);
    expect((await openBrowser(here.url).comeIn('trudy')).status).toBe(409);
  });

  it('confirms an account once the issuer has verified its address', async () => {
    atIssuer('frida', { email_verified: false });
    const first = await openBrowser(here.url).comeIn('frida');
    atIssuer('frida');
    const again = await openBrowser(here.url).comeIn('frida');
    expect(again.body.user.id).toBe(first.body.user.id);
    expect((await me(again)).confirmed).toBe(true);
  });

  it('makes one account of one subject, however many tabs come at once', async () => {
    atIssuer('gina');
    const browsers = Array.from({ length: 6 }, () => openBrowser(here.url));
    const codes = await Promise.all(browsers.map(async (browser) => fragmentOf(await browser.signIn('gina'))));
    const replies = await Promise.all(browsers.map((browser, n) => browser.exchange(codes[n] ?? '')));
    expect(replies.map(({ status }) => status)).toEqual(browsers.map(() => 200));
    expect(new Set(replies.map(({ body }) => body.user.id)).size).toBe(1);
    const created = (await here.events()).filter(({ type, data }) => type === 'UserCreated' && JSON.stringify(data).includes('gina@example.org'));
    expect(created).toHaveLength(1);
  });

  it('makes a new account for somebody whose old one was deleted', async () => {
    atIssuer('hugo');
    const first = await openBrowser(here.url).comeInAnew('hugo');
    const { id } = first.body.user;
    const gone = await here.call(`DELETE /api/users/${id}`, undefined, { ...as(first.body.accessToken), 'idempotency-key': 'hugo-goes' });
    expect(gone.status).toBe(200);
    expect(await here.secrets.list('subjects', id)).toEqual([]);
    const again = await openBrowser(here.url).comeIn('hugo');
    expect([again.status, again.body.user.id === id]).toEqual([200, false]);
  });

  it('makes a new account also where the subject of the deleted one was left behind', async () => {
    atIssuer('ida');
    const first = await openBrowser(here.url).comeInAnew('ida');
    const { id } = first.body.user;
    const [left] = await here.secrets.list('subjects', id);
    await here.call(`DELETE /api/users/${id}`, undefined, { ...as(first.body.accessToken), 'idempotency-key': 'ida-goes' });
    if (left) await here.secrets.restore('subjects', left);
    const again = await openBrowser(here.url).comeIn('ida');
    expect([again.status, again.body.user.id === id]).toEqual([200, false]);
  });

  it('finishes a registration that a failure stopped, under the id that it had', async () => {
    atIssuer('jan');
    const { hmac } = here.identityOptions.keys;
    const [id, key] = ['5a0f6c1e-1111-4222-8333-444455556666', hmac(`subject:${JSON.stringify([issuer.url, 'jan'])}`)];
    await here.secrets.put('subjects', { key, value: { userId: id, issuer: issuer.url, since: new Date().toISOString() }, owner: id }, 0);
    expect((await openBrowser(here.url).comeIn('jan')).body.user.id).toBe(id);
  });

  it('refuses in words where the issuer tells no address, or one that cannot be used', async () => {
    atIssuer('kim', { email: undefined });
    atIssuer('lea', { email: 'not an address' });
    for (const account of ['kim', 'lea']) {
      const refused = await openBrowser(here.url).comeIn(account);
      expect([refused.status, refused.body.detail]).toEqual([422, expect.stringContaining('Example ID')]);
    }
  });

  it('takes the name that it can get: one line, or the address up to its @', async () => {
    atIssuer('mia', { name: ` Mia\n${'x'.repeat(200)}` });
    atIssuer('noa', { name: undefined });
    const [mia, noa] = [await openBrowser(here.url).comeIn('mia'), await openBrowser(here.url).comeIn('noa')];
    expect([mia.body.user.name, noa.body.user.name]).toEqual([`Mia ${'x'.repeat(96)}`, 'noa']);
  });

  it('asks for the password of an account that has none never, and says so', async () => {
    atIssuer('pia');
    await openBrowser(here.url).comeIn('pia');
    atIssuer('pia-again', { email: 'pia@example.org' });
    const refused = await openBrowser(here.url).comeIn('pia-again');
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('no password')]);
  });
});
