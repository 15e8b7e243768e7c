/** What a code of a sign-in stands on: what held when the issuer sent its owner back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from '../identity.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

let issuer: TestIssuer;
let here: Installation;
beforeAll(async () => {
  issuer = await startIssuer();
  here = await openInstallation({ oidc: issuer.settings() });
  issuer.serve(`${here.url}/api/oidc/callback`);
});
afterAll(() => Promise.all([here?.close(), issuer?.close()]));

const PASSWORD = 'correct horse battery';
const atIssuer = (account: string) => issuer.accounts.set(account, { email: `${account}@example.org`, email_verified: true, name: account });
const codeOf = async (browser: ReturnType<typeof openBrowser>, account: string) => fragmentOf(await browser.signIn(account));
const endOthers = (accessToken: string) => here.call('DELETE /api/sessions', undefined, as(accessToken));

it('a code that was made before all sessions were ended lets nobody in, and makes no session', async () => {
  atIssuer('ann');
  const own = await openBrowser(here.url).comeIn('ann');
  const thief = openBrowser(here.url);
  const code = await codeOf(thief, 'ann');
  expect((await endOthers(own.body.accessToken)).status).toBe(204);
  const late = await thief.exchange(code);
  expect([late.status, late.body.detail]).toEqual([409, 'The account was changed meanwhile. Sign in again.']);
  expect(await here.secrets.list('sessions', own.body.user.id)).toHaveLength(1);
  expect((await thief.comeIn('ann')).status).toBe(200);
});

it('nor does one that is to join an account by its password, however right that is', async () => {
  atIssuer('bea');
  const { body: made } = await here.call('POST /api/users', { name: 'bea', email: 'bea@example.org', password: PASSWORD });
  await here.identity.ensureAdmin('admin@example.org', PASSWORD);
  await here.call('POST /api/confirmations', { token: await here.identity.issueCode(made.id, 'confirm'), password: PASSWORD });
  const browser = openBrowser(here.url);
  const code = await codeOf(browser, 'bea');
  expect((await browser.exchange(code)).body).toEqual({ asksPasswordOf: 'bea@example.org' });
  const { body } = await here.call('POST /api/login', { email: 'bea@example.org', password: PASSWORD });
  await endOthers(body.accessToken);
  expect((await browser.exchange(code, { password: PASSWORD })).status).toBe(409);
  expect(await here.secrets.list('subjects', made.id)).toEqual([]);
});

it('nor does one of somebody who was nobody here then, where another tab made the account, and all its sessions were ended', async () => {
  atIssuer('cora');
  const [one, other] = [openBrowser(here.url), openBrowser(here.url)];
  const [first, second] = [await codeOf(one, 'cora'), await codeOf(other, 'cora')];
  const came = await one.exchange(first);
  await endOthers(came.body.accessToken);
  expect([came.status, (await other.exchange(second)).status]).toEqual([200, 409]);
});

it('nor does one whose sign-in was taken away and joined anew meanwhile', async () => {
  atIssuer('dana');
  await openBrowser(here.url).comeIn('dana');
  const browser = openBrowser(here.url);
  const code = await codeOf(browser, 'dana');
  const [of] = await here.identityOptions.secrets.list<{ userId: string; since: string }>(
    'subjects',
    (await openBrowser(here.url).comeIn('dana')).body.user.id,
  );
  if (of) await here.secrets.put('subjects', { key: of.key, owner: of.owner, value: { ...of.value, since: new Date(0).toISOString() } }, of.version);
  expect((await browser.exchange(code)).status).toBe(409);
});
