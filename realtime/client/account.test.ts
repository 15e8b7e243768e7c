import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ADMIN_EMAIL, ANNA, BEN, connection, inChromium, PASSWORD } from './board.fixture.ts';
import { seriousFaults } from './files.fixture.ts';
import { mailedLink } from './mailed-link.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

const ADMIN = { email: ADMIN_EMAIL };

inChromium('My page and Members', (screens) => {
  const { logIn } = screens;
  const dialog = (page: Page, name: string) => page.getByRole('dialog', { name });
  const gone = (page: Page) => page.locator('dialog').waitFor({ state: 'detached' });
  const path = (page: Page) => new URL(page.url()).pathname;
  const row = (page: Page, text: string) => page.locator('.own-row').filter({ hasText: text });

  /** Has whatever is asked for next be refused for want of a fresh login, once, as the server does ten minutes after a login. */
  async function wantsProof(page: Page, method: string, url: RegExp): Promise<void> {
    let isRefused = false;
    await page.route(url, async (route) => {
      if (isRefused || route.request().method() !== method) return route.fallback();
      isRefused = true;
      const body = JSON.stringify({ type: '/problems/fresh-login', code: 'forbidden', title: 'Forbidden', status: 403, detail: 'Prove it.' });
      return route.fulfill({ status: 403, contentType: 'application/problem+json', body });
    });
  }

  /** Registers somebody whom no other try of a test knows. */
  async function newcomer(name: string): Promise<{ name: string; email: string }> {
    const who = personOfThisTry(name);
    await screens.world.register(who.name, who.email);
    return who;
  }

  async function toMyPage(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'My page' }).click();
    await page.getByRole('heading', { name: 'My page' }).waitFor();
  }

  it('change the name by keys alone, and another window of one’s own shows it at once', async () => {
    const eda = await newcomer('Eda Lindqvist');
    const [page, other] = await Promise.all([logIn(eda), logIn(eda)]);
    await Promise.all([toMyPage(page), toMyPage(other)]);
    await row(other, eda.name).waitFor();
    await page.getByRole('button', { name: 'Change name' }).press('Enter');
    await dialog(page, 'Your name').waitFor();
    expect(path(page)).toBe('/me/name');
    await page.keyboard.press('Control+a');
    await page.keyboard.type(' ');
    await page.keyboard.press('Enter');
    await page.locator('.field .wrong').waitFor();
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe(' ');
    await page.getByRole('textbox', { name: 'Name' }).fill('Eda Berg');
    await page.keyboard.press('Enter');
    await gone(page);
    await row(page, 'Eda Berg').waitFor();
    await row(other, 'Eda Berg').waitFor();
    expect(path(page)).toBe('/me');
    for (const one of [page, other]) await one.locator('.header').getByText('You are Eda Berg.').waitFor({ state: 'attached' });
    await page.reload();
    await row(page, 'Eda Berg').waitFor();
    await row(page, eda.email).getByRole('button', { name: 'Send the mail again' }).click();
    await row(page, eda.email).getByText('It is on its way.').waitFor();
  }, 240_000);

  it('refuse a wrong password at its field, keep what was typed, and change it by the right one', async () => {
    const cara = await newcomer('Cara Nowak');
    const page = await logIn(cara);
    await toMyPage(page);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByLabel('Present password').fill('not the right one');
    await page.getByLabel('New password').fill('a staple and a lamp');
    await page.keyboard.press('Enter');
    await page.getByText('This is not your password.').waitFor();
    expect(await page.getByLabel('New password').inputValue()).toBe('a staple and a lamp');
    await page.getByLabel('Present password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await gone(page);
    await page.getByText('Your password is changed.').waitFor();
    await page.goto(`${screens.world.url}/#forgotten`);
    await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
    await expect.poll(() => page.getByLabel('E-mail').inputValue()).toBe(cara.email);
    expect(await page.getByRole('button', { name: 'Log in' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Go to my page' }).click();
    await page.getByRole('heading', { name: 'My page' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await page.getByLabel('E-mail').fill(cara.email);
    await page.getByLabel('Password').fill('a staple and a lamp');
    await page.keyboard.press('Enter');
    await connection(page, 'live');
  }, 240_000);

  it('list the sessions, and end another one and all others', async () => {
    const [page, other, third] = [await logIn(BEN), await logIn(BEN), await logIn(BEN)];
    await toMyPage(page);
    await expect.poll(() => page.locator('[data-session="other"]').count()).toBe(2);
    expect(await page.locator('[data-session="this"]').textContent()).toMatch(/Chrome on Linux.*this one/);
    await page
      .getByRole('button', { name: /^End the session of/ })
      .first()
      .click();
    await expect.poll(() => page.locator('[data-session="other"]').count()).toBe(1);
    await page.getByRole('button', { name: 'End all others' }).click();
    await expect.poll(() => page.locator('[data-session="other"]').count()).toBe(0);
    for (const one of [other, third]) await one.getByText('Your session has ended.').waitFor();
  }, 240_000);

  it('find, promote and delete a member, live on another admin’s page, after the password was asked for where that is wanted', async () => {
    const dora = await newcomer('Dora Lind');
    const [page, other] = await Promise.all([logIn(ADMIN), logIn(ADMIN)]);
    for (const one of [page, other]) {
      await one.getByRole('button', { name: 'Members' }).click();
      await row(one, dora.name).waitFor();
    }
    await page.getByLabel('Search by name').fill(dora.name);
    await row(page, BEN.name).waitFor({ state: 'detached' });
    await row(page, dora.name).waitFor();
    expect(new URL(page.url()).search).toBe(`?q=${encodeURIComponent(dora.name)}`);
    await page.reload();
    await page.getByRole('button', { name: `Open ${dora.name}` }).click();
    await dialog(page, dora.name).waitFor();

    await wantsProof(page, 'PUT', /\/role$/);
    await page.getByLabel('Role').selectOption('maintenance');
    await page.getByLabel('Your password').fill('not the right one');
    await page.keyboard.press('Enter');
    await page.getByText('This is not your password.').waitFor();
    await page.getByLabel('Your password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await dialog(page, 'Is it you?').waitFor({ state: 'detached' });
    await row(other, dora.name).getByText('maintenance').waitFor();

    await wantsProof(page, 'DELETE', /\/api\/users\//);
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await dialog(page, 'Is it you?').waitFor();
    await page.keyboard.press('Escape');
    await dialog(page, dora.name).getByRole('alert').getByText('Prove it.').waitFor();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await gone(page);
    await row(other, dora.name).waitFor({ state: 'detached' });
    expect(path(page)).toBe('/members');
  }, 240_000);

  it('end a member’s session, on which the member is told so', async () => {
    const roux = await newcomer('Fay Roux');
    const [fay, page] = await Promise.all([logIn(roux), logIn(ADMIN)]);
    await page.getByRole('button', { name: 'Members' }).click();
    await page.getByRole('button', { name: `Open ${roux.name}` }).click();
    await dialog(page, roux.name).getByRole('button', { name: 'End the session of Chrome on Linux' }).click();
    await fay.getByText('Your session has ended.').waitFor();
    await dialog(page, roux.name).locator('[data-session]').waitFor({ state: 'detached' });
  }, 240_000);

  it('change the e-mail address once its link is followed, also where one has to log in first', async () => {
    const { email: before } = await newcomer('Gus Lund');
    const address = `new.${before}`;
    const page = await logIn({ email: before });
    await toMyPage(page);
    await page.getByRole('button', { name: 'Change e-mail' }).click();
    await page.getByRole('textbox', { name: 'E-mail' }).fill('not an address');
    await page.keyboard.press('Enter');
    await page.locator('.field .wrong').waitFor();
    await page.getByRole('textbox', { name: 'E-mail' }).fill(address);
    await page.keyboard.press('Enter');
    await gone(page);
    await row(page, `It becomes ${address}`).waitFor();

    const link = await mailedLink(screens.world.url, address, 'address');
    const other = await screens.open(`${screens.world.url}${link}`);
    expect(other.url()).toBe(`${screens.world.url}/address`);
    await other.getByText('Log in first: the link that you opened is about the e-mail address of your account.').waitFor();
    await other.getByLabel('E-mail').fill(before);
    await other.getByLabel('Password').fill(PASSWORD);
    await other.keyboard.press('Enter');
    await other.getByRole('button', { name: 'Confirm the address' }).click();
    await other.getByText(`Your address is ${address} now.`).waitFor();
    await other.getByRole('button', { name: 'Go to my page' }).click();
    await row(other, address).getByText('confirmed').waitFor();
    await row(page, 'It becomes').waitFor({ state: 'detached' });
    await row(page, address).waitFor();
    await other.goto(`${screens.world.url}${link}`);
    await other.getByRole('heading', { name: 'This link is needed no more' }).waitFor();
    expect(await other.getByRole('button', { name: 'Confirm the address' }).count()).toBe(0);
  }, 240_000);

  it('have no serious fault of accessibility, also on a small screen, and are not offered to who is no admin', async () => {
    const anna = await logIn(ANNA, screens.world.url, { viewport: { width: 360, height: 740 } });
    expect(await anna.getByRole('button', { name: 'Members' }).count()).toBe(0);
    await toMyPage(anna);
    await anna.locator('[data-session="this"]').waitFor();
    expect(await seriousFaults(anna)).toEqual([]);
    expect(await anna.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    for (const part of ['name', 'email', 'password', 'picture']) {
      await anna.getByRole('button', { name: `Change ${part === 'email' ? 'e-mail' : part}` }).click();
      await anna.locator('dialog').waitFor();
      expect(await seriousFaults(anna)).toEqual([]);
      await anna.keyboard.press('Escape');
      await gone(anna);
    }
    const admin = await logIn(ADMIN);
    await admin.getByRole('button', { name: 'Members' }).click();
    await row(admin, BEN.name).waitFor();
    expect(await seriousFaults(admin)).toEqual([]);
    await admin.getByRole('button', { name: `Open ${BEN.name}` }).click();
    await dialog(admin, BEN.name).waitFor();
    expect(await seriousFaults(admin)).toEqual([]);
    await admin.keyboard.press('Escape');
    await gone(admin);
    await row(admin, ADMIN_EMAIL).getByRole('button', { name: /^Open/ }).click();
    await admin.getByText('Another admin changes yours.').waitFor();
    expect(await admin.getByLabel('Role').isDisabled()).toBe(true);
    await admin.goto(`${screens.world.url}/members/${crypto.randomUUID()}`);
    await admin.getByRole('heading', { name: 'This member cannot be shown' }).waitFor();
    await admin.getByText('There is no such user.').waitFor();
  }, 240_000);
});
