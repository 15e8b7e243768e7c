import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ADMIN_EMAIL, connection, inChromium } from './board.fixture.ts';
import { seriousFaults } from './files.fixture.ts';
import { mailedLink } from './mailed-link.fixture.ts';

const EVA = 'eva@example.org';
const FAY = 'fay@example.org';

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
    const admin = await screens.logIn({ email: ADMIN_EMAIL });
    await admin.getByRole('button', { name: 'Members' }).click();
    await invite(admin, EVA);
    expect(await seriousFaults(admin)).toEqual([]);

    const eva = await screens.open(`${screens.world.url}${await mailed(EVA)}`);
    await eva.getByRole('heading', { name: 'You are invited' }).waitFor();
    expect(eva.url()).toBe(`${screens.world.url}/invitation`);
    await eva.getByLabel('Your name').fill('Eva Holm');
    await eva.getByLabel('New password').fill('short');
    await eva.keyboard.press('Enter');
    await eva.getByText('This must have at least 10 characters.').waitFor();
    expect(await eva.getByLabel('Your name').inputValue()).toBe('Eva Holm');
    await eva.getByLabel('New password').fill('a staple and a lamp');
    await eva.keyboard.press('Enter');
    await eva.getByRole('heading', { name: 'Thank you' }).waitFor();
    await eva.getByRole('button', { name: 'Log in' }).click();
    await eva.getByLabel('E-mail').fill(EVA);
    await eva.getByLabel('Password').fill('a staple and a lamp');
    await eva.keyboard.press('Enter');
    await connection(eva, 'live');

    await row(admin, EVA).waitFor({ state: 'detached' });
    await admin.locator('[data-member]').filter({ hasText: 'Eva Holm' }).getByText('maintenance').waitFor();
  }, 240_000);

  it('that is taken back makes no account', async () => {
    const admin = await screens.logIn({ email: ADMIN_EMAIL });
    await admin.getByRole('button', { name: 'Members' }).click();
    await invite(admin, FAY);
    const link = await mailed(FAY);
    await admin.getByRole('button', { name: `Send again to ${FAY}` }).click();
    await admin.getByText(`It is on its way to ${FAY} again.`).waitFor();
    await admin.getByRole('button', { name: `Take back the invitation of ${FAY}` }).click();
    await row(admin, FAY).waitFor({ state: 'detached' });

    const fay = await screens.open(`${screens.world.url}${link}`);
    await fay.getByLabel('Your name').fill('Fay Roux');
    await fay.getByLabel('New password').fill('a staple and a lamp');
    await fay.keyboard.press('Enter');
    await fay.getByRole('heading', { name: 'This link is used up' }).waitFor();
  }, 240_000);
});
