import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { startIssuer, type TestIssuer } from '../gateway/identity/oidc/issuer.fixture.ts';
import { ADMIN_EMAIL, BEN, connection, inChromium, PASSWORD, startWorld, type World } from '../realtime/client/board.fixture.ts';
import { mailedLink } from '../realtime/client/mailed-link.fixture.ts';

let issuer: TestIssuer | undefined;

/** A world whose people may sign in at an issuer of this machine. */
async function startWithIssuer(): Promise<World> {
  issuer = await startIssuer();
  const { issuer: OIDC_ISSUER, clientId, clientSecret, name } = issuer.settings();
  const oidc = { OIDC_ISSUER, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret ?? '', OIDC_NAME: name };
  const world = await startWorld({ ...oidc, UNCONFIRMED: 'all' });
  issuer.serve(`${world.url}/api/oidc/callback`);
  return world;
}

inChromium(
  'signing in at another site',
  (screens) => {
    afterAll(() => issuer?.close());

    async function atTheIssuer(account: string, path = '/') {
      const page = await screens.open(`${screens.world.url}${path}`);
      await page.getByRole('button', { name: 'Log in with Example ID' }).click();
      await page.getByLabel('Account').fill(account);
      return page;
    }

    it('leads there and back, logs in, and shows the place that was wanted', async () => {
      issuer?.accounts.set('nora', { email: 'nora@example.org', email_verified: true, name: 'Nora Ek' });
      const page = await atTheIssuer('nora', '/inbox');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL(`${screens.world.url}/inbox`);
      await page.reload();
      await page.goto(screens.world.url);
      await connection(page, 'live');
    });

    it('asks for the password of the account that is there, says when it is wrong, and joins it', async () => {
      issuer?.accounts.set('boss', { email: ADMIN_EMAIL, name: 'The Boss', email_verified: true });
      const page = await atTheIssuer('boss');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('There is an account with the address admin@example.org').waitFor();
      expect(page.url()).not.toContain('#');
      await page.getByLabel('Password').fill('not the password');
      await page.keyboard.press('Enter');
      await page.getByText('This is not that of the account.').waitFor();
      await page.getByLabel('Password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await connection(page, 'live');
    });

    it('proves anew there who one is who has no password, and comes back to what was begun', async () => {
      issuer?.accounts.set('olga', { email: 'olga@example.org', email_verified: true, name: 'Olga Holm' });
      const page = await atTheIssuer('olga', '/me/email');
      await page.getByRole('button', { name: 'Sign in' }).click();
      const change = async () => {
        await page.getByRole('textbox', { name: 'E-mail' }).fill('olga.holm@example.org');
        await page.getByRole('button', { name: 'Save' }).click();
      };
      await change();
      await page.getByRole('button', { name: 'Sign in again at Example ID' }).click();
      await page.getByLabel('Account').fill('olga');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.waitForURL(`${screens.world.url}/me/email`);
      await change();
      await page.getByText('It becomes olga.holm@example.org once you follow the link that was mailed there.').waitFor();
      // Nothing else lets her in.
      await page.getByRole('button', { name: 'Remove the sign-in at Example ID' }).click();
      await page.getByText('The sign-in stays.').waitFor();
      expect(await page.locator('[data-session]').count()).toBe(1);
    });

    it('shows the sign-in on My page to who has a password, and takes it away once that was given', async () => {
      const page = await atTheIssuer('boss', '/me');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Remove the sign-in at Example ID' }).click();
      await page.getByLabel('Your password').fill(PASSWORD);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.locator('[data-said]').getByText('Example ID does not let you in any more.').waitFor();
      await page.getByRole('heading', { name: 'Other sites that let you in' }).waitFor({ state: 'detached' });
    });

    it('confirms by the mailed link, without a password, who signed in with an address that the other site has not verified', async () => {
      issuer?.accounts.set('pia', { email: 'pia@example.org', email_verified: false, name: 'Pia Falk' });
      const page = await atTheIssuer('pia', '/me');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('not confirmed yet').waitFor();
      await page.goto(`${screens.world.url}${await mailedLink(screens.world.url, 'pia@example.org', 'confirm')}`);
      await page.getByRole('button', { name: 'Confirm the address' }).click();
      await page.getByText('Your address is confirmed.').waitFor();
      expect(page.url()).toBe(`${screens.world.url}/confirm`);
      await page.getByRole('button', { name: 'Go to my page' }).click();
      await page.getByText('pia@example.org confirmed').waitFor();
    });

    /** Has the first admin invite an address; resolves to the path of the mailed link. */
    async function invited(email: string): Promise<string> {
      const { url } = screens.world;
      const post = async (path: string, body: object, more = {}) =>
        (
          await fetch(`${url}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...more }, body: JSON.stringify(body) })
        ).json();
      const { accessToken } = await post('/api/login', { email: ADMIN_EMAIL, password: PASSWORD });
      await post('/api/invitations', { email, role: 'maintenance' }, { Authorization: `Bearer ${accessToken}` });
      return mailedLink(url, email, 'invitation');
    }

    async function isMaintenance(page: Page, email: string): Promise<void> {
      await connection(page, 'live');
      await page.goto(`${screens.world.url}/me`);
      await page.getByText(`${email} confirmed`).waitFor();
      const me = await page.evaluate(() => JSON.parse(localStorage.getItem('taskledger.session') ?? '{}').user.role as string);
      expect(me).toBe('maintenance');
    }

    it('takes an invitation along from the page of its link, and is in with its role and address', async () => {
      issuer?.accounts.set('rosa', { email: 'rosa@elsewhere.example', email_verified: false, name: 'Rosa Lund' });
      const page = await atTheIssuer('rosa', await invited('rosa@example.org'));
      expect(page.url()).not.toContain('invitation');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await isMaintenance(page, 'rosa@example.org');
      // The code is kept for nobody who comes later in this tab.
      expect(await page.evaluate(() => sessionStorage.getItem('taskledger.invitation'))).toBeNull();
    });

    it('asks who comes with an address that is invited, and not verified there, for the link of that mail, and says where it is no good', async () => {
      const [spent, link] = [await invited('sven@example.org'), await invited('sven@example.org')];
      issuer?.accounts.set('sven', { email: 'sven@example.org', email_verified: false, name: 'Sven Berg' });
      const page = await atTheIssuer('sven');
      await page.getByRole('button', { name: 'Sign in' }).click();
      const field = page.getByLabel('If you were invited, the link of that mail');
      await field.fill(`${screens.world.url}${spent}`);
      await page.getByRole('button', { name: 'Use the invitation' }).click();
      await page.getByText('This is too old, was followed by a newer one, or is not ours.').waitFor();
      await field.fill(`${screens.world.url}${link}`);
      await page.getByRole('button', { name: 'Use the invitation' }).click();
      await isMaintenance(page, 'sven@example.org');
    });

    it('says in words that somebody turned back there, and leads there again', async () => {
      const page = await atTheIssuer('');
      await page.getByRole('button', { name: 'No' }).click();
      await page.getByText('You were not signed in at Example ID.').waitFor();
      await page.getByRole('button', { name: 'Log in with Example ID' }).click();
      await page.getByLabel('Account').waitFor();
    });

    it('says in words that the other site is away, while passwords go on', async () => {
      await issuer?.away();
      const page = await screens.open(`${screens.world.url}/#sign-in-trouble=away`);
      await page.getByText('Example ID cannot be reached right now.').waitFor();
      await page.getByRole('button', { name: 'Back' }).click();
      await page.getByLabel('E-mail').fill(BEN.email);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await connection(page, 'live');
    });
  },
  startWithIssuer,
);
