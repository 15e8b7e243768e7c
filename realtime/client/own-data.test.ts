import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { erasureCertificate } from '../../contracts/erasure.ts';
import { personExport } from '../../contracts/person-export.ts';
import { ADMIN_EMAIL, inChromium, PASSWORD } from './board.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

inChromium('A person’s data', (screens) => {
  /** Has the next export be refused for want of a fresh login, once, as the server does ten minutes after a login. */
  async function wantsProof(page: Page): Promise<void> {
    let isRefused = false;
    await page.route(/\/export$/, async (route) => {
      if (isRefused) return route.fallback();
      isRefused = true;
      const body = JSON.stringify({ type: '/problems/fresh-login', code: 'forbidden', title: 'Forbidden', status: 403, detail: 'Prove it.' });
      return route.fulfill({ status: 403, contentType: 'application/problem+json', body });
    });
  }

  async function downloaded(page: Page, button: string) {
    const [download] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), page.getByRole('button', { name: button }).click()]);
    return personExport.parse(JSON.parse(readFileSync(await download.path(), 'utf8')));
  }

  it('is downloaded from My page, once they showed that it is them, and by an admin from Members', async () => {
    const who = personOfThisTry('Ida Holm');
    await screens.world.register(who.name, who.email);
    const page = await screens.logIn(who);
    await page.getByRole('button', { name: 'My page' }).click();
    await page.getByRole('heading', { name: 'My page' }).waitFor();
    await wantsProof(page);
    const coming = page.waitForEvent('download', { timeout: 120_000 });
    await page.getByRole('button', { name: 'Download my data' }).click();
    await page.getByLabel('Your password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    const own = personExport.parse(JSON.parse(readFileSync(await (await coming).path(), 'utf8')));
    expect([own.profile.email, own.complete]).toEqual([who.email, true]);
    const admin = await screens.logIn({ email: ADMIN_EMAIL });
    await admin.goto(`${new URL(admin.url()).origin}/members/${own.profile.id}`);
    expect((await downloaded(admin, 'Download data')).profile.name).toBe(who.name);
  }, 240_000);

  it('is erased from My page, for good, and they get the certificate though they are logged out', async () => {
    const who = personOfThisTry('Ola Berg');
    await screens.world.register(who.name, who.email);
    const page = await screens.logIn(who);
    await page.getByRole('button', { name: 'My page' }).click();
    await page.getByRole('button', { name: 'Erase me…' }).click();
    await page.getByText('Nobody can bring it back.').waitFor();
    const coming = page.waitForEvent('download', { timeout: 120_000 });
    await page.getByRole('button', { name: 'Erase for good' }).click();
    const certificate = erasureCertificate.parse(JSON.parse(readFileSync(await (await coming).path(), 'utf8')));
    expect(certificate.requestedBy).toBe(certificate.person);
  }, 240_000);
});
