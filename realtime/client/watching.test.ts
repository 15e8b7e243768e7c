import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, connection, inChromium, make } from './board.fixture.ts';
import { makeAndOpen, seriousFaults } from './files.fixture.ts';

inChromium('watching a task', (screens) => {
  const { logIn } = screens;
  const button = (page: Page, name: 'Watch' | 'Unwatch') => page.getByRole('dialog').getByRole('button', { name, exact: true });
  const watchedBy = (page: Page, people: string) => page.getByRole('dialog').getByTitle(`${people} this task.`).waitFor();
  const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - screen.width);

  /** Opens a task of somebody else's. */
  async function openOf(maker: Page, page: Page, title: string): Promise<void> {
    await make(maker, title);
    await cardOf(page, title).click();
    await button(page, 'Watch').waitFor();
  }

  /** Answers the next attempts to watch with a problem of this status, and those after them as the server does. */
  async function refusing(page: Page, status: number, times: number, headers: Record<string, string> = {}): Promise<string[]> {
    const keys: string[] = [];
    await page.route('**/watchers/me', async (route) => {
      keys.push(route.request().headers()['idempotency-key'] ?? '');
      if (keys.length > times) return route.continue();
      await route.fulfill({ status, headers, contentType: 'application/problem+json', body: JSON.stringify({ detail: 'Not just now.' }) });
    });
    return keys;
  }

  it('is begun and ended by a button, which says the same after a reload and in another browser, and to others how many watch', async () => {
    const [anna, ben, other] = await Promise.all([logIn(ANNA), logIn(BEN), logIn(BEN, screens.world.line.url)]);
    await openOf(anna, ben, 'Count the chairs');
    await cardOf(anna, 'Count the chairs').click();
    await button(anna, 'Unwatch').waitFor();
    await cardOf(other, 'Count the chairs').click();
    await button(other, 'Watch').waitFor();
    await watchedBy(anna, '1 person watches');

    await button(ben, 'Watch').click();
    await button(ben, 'Unwatch').waitFor();
    await ben.getByText('You watch “Count the chairs”.', { exact: true }).first().waitFor({ state: 'attached' });
    await button(other, 'Unwatch').waitFor();
    await Promise.all([anna, ben, other].map((page) => watchedBy(page, '2 people watch')));
    // What others watch is no news of the board's.
    expect(await anna.locator('[data-said]').first().textContent()).not.toContain('Ben');

    await ben.reload();
    await button(ben, 'Unwatch').waitFor();
    await button(other, 'Unwatch').click();
    await button(ben, 'Watch').waitFor();
    await button(other, 'Watch').waitFor();
    await ben.reload();
    await button(ben, 'Watch').waitFor();

    await button(anna, 'Unwatch').click();
    await button(anna, 'Watch').waitFor();
    await Promise.all([anna, ben].map((page) => watchedBy(page, '0 people watch')));
  }, 240_000);

  it('is done by keys alone, with the focus left where it was, and is said by the name of the button alone', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN)]);
    await openOf(anna, ben, 'Oil the locks');
    await button(ben, 'Watch').focus();
    for (const [key, name] of [
      ['Enter', 'Unwatch'],
      ['Space', 'Watch'],
    ] as const) {
      await ben.keyboard.press(key);
      await button(ben, name).waitFor();
      expect(await button(ben, name).evaluate((one) => [one === document.activeElement, one.hasAttribute('aria-pressed')])).toEqual([true, false]);
    }
  }, 240_000);

  it('has no serious fault of accessibility in either state, and fits a screen of 360 px', async () => {
    const ben = await logIn(BEN, screens.world.url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await makeAndOpen(ben, 'Wash the windows');
    for (const name of ['Unwatch', 'Watch'] as const) {
      await button(ben, name).waitFor();
      expect(await overflow(ben)).toBe(0);
      expect(await seriousFaults(ben)).toEqual([]);
      await button(ben, name).tap();
    }
    await button(ben, 'Unwatch').waitFor();
  }, 240_000);

  it.each([
    ['429', 429, {}],
    ['503', 503, { 'Retry-After': '300' }],
    ['409', 409, {}],
  ])(
    'that is refused with %s leaves the button as it was, and says why',
    async (_, status, headers) => {
      const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN)]);
      const title = `Sweep the path, ${status}`;
      await openOf(anna, ben, title);
      const keys = await refusing(ben, status, 1, headers);
      await button(ben, 'Watch').click();
      await ben.getByRole('dialog').getByText(`“${title}” is as it was. Not just now.`).waitFor();
      await expect.poll(() => button(ben, 'Watch').getAttribute('aria-disabled')).toBe('false');
      expect(keys).toHaveLength(1);
      await watchedBy(ben, '1 person watches');
      await button(ben, 'Watch').click();
      await button(ben, 'Unwatch').waitFor();
    },
    240_000,
  );

  it('that meets a server which is busy for a moment is sent again as the same command', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN)]);
    await openOf(anna, ben, 'Wax the floor');
    const keys = await refusing(ben, 503, 1);
    await button(ben, 'Watch').click();
    await button(ben, 'Unwatch').waitFor();
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(keys[0]).not.toBe('');
  }, 240_000);

  it('says that it waits for the connection, says what is true meanwhile, and is done then, once however often it was pressed', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await openOf(anna, ben, 'Fill the kettle');
    screens.world.line.cut();
    await connection(ben, 'reconnecting');
    await button(ben, 'Watch').click();
    await ben.getByRole('dialog').getByText('It will be sent when you are connected again.').waitFor();
    await button(ben, 'Watch').click({ force: true });
    expect(await button(ben, 'Unwatch').count()).toBe(0);
    screens.world.line.mend();
    await button(ben, 'Unwatch').waitFor();
    await watchedBy(ben, '2 people watch');
  }, 240_000);
});
