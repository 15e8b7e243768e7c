import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf as card, inChromium, make } from './board.fixture.ts';

inChromium('the inbox', (screens) => {
  const { logIn } = screens;
  const inbox = (page: Page) => page.getByRole('dialog', { name: 'Inbox' });
  const item = (page: Page, is = '') => inbox(page).locator(is ? `[data-inbox-item="${is}"]` : '[data-inbox-item]');
  const bell = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  async function comment(page: Page, title: string, text: string): Promise<void> {
    await card(page, title).click();
    await page.getByLabel('Your comment').fill(text);
    await page.keyboard.press('Control+Enter');
    await page.locator('.comment').getByText(text).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
  }

  /** Nothing is unread from here on. */
  async function readAll(page: Page): Promise<void> {
    await page.locator('[data-bell]').click();
    await inbox(page).waitFor();
    await page.getByRole('button', { name: 'Mark all as read' }).click();
    await inbox(page).getByText('All is read.').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await bell(page, 'Inbox').waitFor();
  }

  it('rings without a reload when somebody comments, and leads by keys alone to the task, read then', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN)]);
    await bell(anna, 'Inbox, 1 unread').waitFor();
    await readAll(anna);
    await make(anna, 'Water the plants');
    await card(ben, 'Water the plants').waitFor();
    await comment(ben, 'Water the plants', 'Which ones?');
    await bell(anna, 'Inbox, 1 unread').waitFor();

    await anna.keyboard.press('i');
    await inbox(anna).waitFor();
    await inbox(anna)
      .getByRole('button', { name: /^Unread: Water the plants There is a new comment\./ })
      .focus();
    await anna.keyboard.press('Enter');
    await anna.getByRole('dialog', { name: 'Water the plants' }).getByText('Which ones?').waitFor();
    expect(await inbox(anna).count()).toBe(0);
    await anna.keyboard.press('Escape');
    await bell(anna, 'Inbox').waitFor();
    // Nobody hears of what they did themselves.
    await ben.locator('[data-bell]').click();
    await inbox(ben).getByText('Welcome').waitFor();
    expect(await item(ben).filter({ hasText: 'Water the plants' }).count()).toBe(0);
  });

  it('stays read after a reload, and is read on another screen of one’s own at once', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN)]);
    const [first, second] = [await logIn(ANNA), anna];
    await make(anna, 'Mend the fence');
    await card(ben, 'Mend the fence').waitFor();
    await comment(ben, 'Mend the fence', 'With wire?');
    await bell(first, 'Inbox, 1 unread').waitFor();
    await second.locator('[data-bell]').click();
    await item(second, 'unread').waitFor();
    await second.getByRole('button', { name: 'Mark all as read' }).click();
    await item(second, 'unread').waitFor({ state: 'detached' });
    await bell(first, 'Inbox').waitFor();
    await first.reload();
    await bell(first, 'Inbox').waitFor();
    await first.locator('[data-bell]').click();
    await item(first, 'read').filter({ hasText: 'Mend the fence' }).waitFor();
    expect(await item(first, 'unread').count()).toBe(0);
  });

  it('gives the focus back to the bell, and names what there is to press', async () => {
    const page = await logIn(BEN);
    await page.locator('[data-bell]').click();
    await inbox(page).waitFor();
    const nameless = await page
      .locator('button')
      .evaluateAll((buttons) => buttons.filter((one) => !(one.ariaLabel || one.textContent?.trim())).length);
    expect(nameless).toBe(0);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate(() => document.activeElement?.hasAttribute('data-bell'))).toBe(true);
    await page.keyboard.press('Enter');
    await inbox(page).waitFor();
  });

  it('fits a screen of 360 px, bell and all', async () => {
    const page = await logIn(BEN, screens.world.url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - screen.width);
    expect(await overflow()).toBe(0);
    const bellBox = await page.locator('[data-bell]').boundingBox();
    expect((bellBox?.x ?? 0) + (bellBox?.width ?? 1_000)).toBeLessThanOrEqual(360);
    for (const button of await page.locator('.header button:visible').all())
      expect(await button.evaluate((one) => one.getBoundingClientRect().right <= screen.width)).toBe(true);
    await page.locator('[data-bell]').tap();
    await inbox(page).waitFor();
    expect(await overflow()).toBe(0);
    expect(await inbox(page).evaluate((one) => one.scrollWidth <= one.clientWidth)).toBe(true);
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.locator('dialog').waitFor({ state: 'detached' });
  });
});
