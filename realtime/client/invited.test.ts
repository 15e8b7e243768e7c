import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ADMIN_EMAIL, connection, inChromium } from './board.fixture.ts';
import { seriousFaults } from './files.fixture.ts';
import { mailedLink } from './mailed-link.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

inChromium('an invitation', (screens) => {
  const row = (page: Page, address: string) => page.locator(`[data-invitation="${address}"]`);
  const mailed = (to: string) => mailedLink(screens.world.url, to, 'invitation');

  async function invite(page: Page, address: string): Promise<void> {
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    await page.getByLabel('E-mail').fill(address);
    await page.getByRole('combobox', { name: 'Role' }).selectOption('maintenance');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Send the invitation' }).press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await row(page, address).waitFor();
  }

  it('is sent by an admin, and the link makes an account with its role, whose code is in no address; the lists tell of it live', async () => {
    const { name, email } = personOfThisTry('Eva Holm');
    const admin = await screens.logIn({ email: ADMIN_EMAIL });
    await admin.getByRole('button', { name: 'Members' }).click();
    await invite(admin, email);
    expect(await seriousFaults(admin)).toEqual([]);

    const eva = await screens.open(`${screens.world.url}${await mailed(email)}`);
    await eva.getByRole('heading', { name: 'You are invited' }).waitFor();
    expect(eva.url()).toBe(`${screens.world.url}/invitation`);
    await eva.getByLabel('Your name').fill(name);
    await eva.getByLabel('New password').fill('short');
    await eva.keyboard.press('Enter');
    await eva.getByText('This must have at least 10 characters.').waitFor();
    expect(await eva.getByLabel('Your name').inputValue()).toBe(name);
    await eva.getByLabel('New password').fill('a staple and a lamp');
    await eva.keyboard.press('Enter');
    await eva.getByRole('heading', { name: 'Thank you' }).waitFor();
    await eva.getByRole('button', { name: 'Log in' }).click();
    await eva.getByLabel('E-mail').fill(email);
    await eva.getByLabel('Password').fill('a staple and a lamp');
    await eva.keyboard.press('Enter');
    await connection(eva, 'live');

    await row(admin, email).waitFor({ state: 'detached' });
    await admin.locator('[data-member]').filter({ hasText: name }).getByText('maintenance').waitFor();
  }, 240_000);

  it('that is taken back makes no account', async () => {
    const { email } = personOfThisTry('Fay Roux');
    const admin = await screens.logIn({ email: ADMIN_EMAIL });
    await admin.getByRole('button', { name: 'Members' }).click();
    await invite(admin, email);
    const link = await mailed(email);
    await admin.getByRole('button', { name: `Send again to ${email}` }).click();
    await admin.getByText(`It is on its way to ${email} again.`).waitFor();
    await admin.getByRole('button', { name: `Take back the invitation of ${email}` }).click();
    await row(admin, email).waitFor({ state: 'detached' });

    const fay = await screens.open(`${screens.world.url}${link}`);
    await fay.getByRole('heading', { name: 'This link is of no use' }).waitFor();
    await fay.getByText('ask who invited you to send the invitation again').waitFor();
    expect(await fay.getByLabel('New password').count()).toBe(0);
  }, 240_000);
});
