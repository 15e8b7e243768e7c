import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf as card, inChromium, make } from './board.fixture.ts';

const CARA = { name: 'Cara Nowak', email: 'cara@example.org' };
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `Notice number ${from + index}.`);

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

  it('marks what was read as unread again, by keys alone: the bell counts it here and on another screen, and after a reload', async () => {
    await screens.world.tell(BEN.email, ['The lift stands still.']);
    const [ben, other] = await Promise.all([logIn(BEN), logIn(BEN)]);
    await readAll(ben);
    await bell(other, 'Inbox').waitFor();
    await ben.keyboard.press('i');
    await item(ben, 'read').filter({ hasText: 'The lift stands still.' }).focus();
    await ben.keyboard.press('Tab');
    expect(await ben.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Mark as unread: A message');
    await ben.keyboard.press('Enter');
    await item(ben, 'unread').filter({ hasText: 'The lift stands still.' }).waitFor();
    await inbox(ben).getByText('1 unread', { exact: true }).waitFor();
    await bell(other, 'Inbox, 1 unread').waitFor();
    expect(await ben.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Mark as read: A message');
    await ben.reload();
    await bell(ben, 'Inbox, 1 unread').waitFor();

    await ben.keyboard.press('i');
    await inbox(ben).getByRole('button', { name: 'Mark as read: A message' }).click();
    await bell(other, 'Inbox').waitFor();
    expect(await item(ben, 'unread').count()).toBe(0);
  });

  it('takes back a mark that cannot be recorded, and says why', async () => {
    await screens.world.tell(BEN.email, ['The water is off.']);
    const page = await logIn(BEN);
    await readAll(page);
    const { promise: asked, resolve: refuse } = Promise.withResolvers<void>();
    const body = JSON.stringify({ detail: 'The server has lost its pen.' });
    await page.route('**/api/notifications/*/read', async (route) => {
      await asked;
      await route.fulfill({ status: 500, contentType: 'application/problem+json', body });
    });
    await page.keyboard.press('i');
    await inbox(page).getByRole('button', { name: 'Mark as unread' }).first().click();
    await inbox(page).getByText('1 unread', { exact: true }).waitFor();
    expect(await item(page, 'unread').count()).toBe(1);
    refuse();
    await inbox(page).getByText('The server has lost its pen.').waitFor();
    await inbox(page).getByText('All is read.').waitFor();
    expect(await item(page, 'unread').count()).toBe(0);
  });

  it('shows older ones when asked, all of them and each once, and keeps them right while others come', async () => {
    await screens.world.register(CARA.name, CARA.email);
    await screens.world.tell(CARA.email, numbered(0, 215));
    const [page, other] = await Promise.all([logIn(CARA), logIn(CARA)]);
    const texts = async () => (await inbox(page).locator('.inbox-text').allTextContents()).filter((text) => text.startsWith('Notice'));
    const older = inbox(page).getByRole('button', { name: 'Show older' });
    await bell(page, 'Inbox, 216 unread').waitFor();
    await page.keyboard.press('i');
    await older.waitFor();
    expect(await item(page).count()).toBe(100);
    await older.press('Enter');
    await expect.poll(() => item(page).count()).toBe(200);
    await expect.poll(() => page.evaluate(() => document.activeElement === document.querySelectorAll('[data-inbox-item]')[100])).toBe(true);

    await screens.world.tell(CARA.email, numbered(215, 218));
    await inbox(page).getByText('219 unread', { exact: true }).waitFor();
    expect(await item(page).count()).toBe(203);
    await older.click();
    await expect.poll(() => item(page).count()).toBe(219);
    await older.waitFor({ state: 'detached' });
    expect((await texts()).sort()).toEqual(numbered(0, 218).sort());

    // What another screen does far down is seen here too, and what comes later stays above.
    await other.keyboard.press('i');
    await inbox(other).getByRole('button', { name: 'Mark all as read' }).click();
    await inbox(page).getByText('All is read.').waitFor();
    await expect.poll(() => item(page, 'unread').count()).toBe(0);
    await item(page).last().locator('xpath=following-sibling::button').click();
    await inbox(other).getByText('1 unread', { exact: true }).waitFor();
    await screens.world.tell(CARA.email, ['The very last.']);
    await inbox(page).getByText('2 unread', { exact: true }).waitFor();
    expect(await item(page).count()).toBe(220);
    expect(await item(page).first().textContent()).toContain('The very last.');
    expect(await item(page, 'unread').count()).toBe(2);
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
    const mark = inbox(page)
      .getByRole('button', { name: /^Mark as (un)?read/ })
      .first();
    const { width, height } = (await mark.boundingBox()) ?? { width: 0, height: 0 };
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(44);
    await page.getByRole('button', { name: 'Close' }).tap();
    await page.locator('dialog').waitFor({ state: 'detached' });
  });
});
