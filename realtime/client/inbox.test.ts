import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { missing, openBrowser, PASSWORD, startWorld, type World } from './board.fixture.ts';

const ANNA = { name: 'Anna Lindqvist', email: 'anna@example.org' };
const BEN = { name: 'Ben Okafor', email: 'ben@example.org' };

if (missing && process.env.REQUIRE_SERVERS === '1') throw new Error(missing);

describe.skipIf(missing !== null)(`the inbox in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let world: World;
  let browser: Browser;
  const pages: Page[] = [];
  /** What a page should not have said. */
  const faults: string[] = [];

  beforeAll(async () => {
    [world, browser] = await Promise.all([startWorld(), openBrowser()]);
    await world.register(ANNA.name, ANNA.email);
    await world.register(BEN.name, BEN.email);
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
    expect(faults.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  async function logIn(who: { email: string }, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    pages.push(page);
    page.on('pageerror', (error) => faults.push(String(error.stack)));
    page.on('console', (message) => /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
    await page.goto(world.url);
    await page.getByLabel('E-mail').fill(who.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('[data-connection="live"]').waitFor();
    return page;
  }

  const card = (page: Page, title: string) => page.locator('[data-card]').filter({ hasText: title });
  const inbox = (page: Page) => page.getByRole('dialog', { name: 'Inbox' });
  const item = (page: Page, is = '') => inbox(page).locator(is ? `[data-inbox-item="${is}"]` : '[data-inbox-item]');
  const bell = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  async function make(page: Page, title: string): Promise<void> {
    await page.keyboard.press('n');
    await page.getByLabel('Title').fill(title);
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await card(page, title).waitFor();
  }

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
    const page = await logIn(BEN, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
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
