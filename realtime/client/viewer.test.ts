import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, cardOf, inChromium } from './board.fixture.ts';
import { choose, drawn, drop, makeAndOpen, pictureFile, seriousFaults } from './files.fixture.ts';

const WIDTH = 360;
const ON_THE_TASK = '[data-files^="task:"]';
const ground = '.viewer-ground';
const zoomOf = async (page: Page) => Number(await page.locator(ground).getAttribute('data-zoom'));
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));

/** Makes a task with three pictures, and opens it. */
async function withPictures(page: Page, title: string): Promise<void> {
  await makeAndOpen(page, title);
  const names = ['one.png', 'two.png', 'three.png'];
  // One after the other: they are shown in the order of their arrival.
  for (const name of names) {
    await choose(page, 'Add files to: Files of the task', [pictureFile(name)]);
    await page.getByRole('button', { name: `Show ${name}` }).waitFor();
  }
}

/** Moves two fingers apart on the picture, or together. */
async function pinch(page: Page, { from, to }: { from: number; to: number }): Promise<void> {
  const box = await page.locator(ground).boundingBox();
  const [x, y] = [(box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2];
  const fingers = (apart: number) => [
    { x: x - apart / 2, y, id: 0 },
    { x: x + apart / 2, y, id: 1 },
  ];
  const touch = await page.context().newCDPSession(page);
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: fingers(from) });
  for (let step = 1; step <= 10; step++)
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: fingers(from + ((to - from) * step) / 10) });
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

inChromium('the viewer of pictures', (screens) => {
  it('goes on and back by arrows, zooms by keys, and closes by Esc, with the focus where it was', async () => {
    const anna = await screens.logIn(ANNA);
    await withPictures(anna, 'Look by keys');
    await anna.getByRole('button', { name: 'Show one.png' }).focus();
    await anna.keyboard.press('Enter');
    const shows = (name: string, at: string) => anna.getByRole('dialog', { name }).getByText(at).waitFor();
    await shows('one.png', '1 of 3');
    await drawn(anna, 'dialog.viewer img');
    await anna.keyboard.press('ArrowLeft');
    await shows('one.png', '1 of 3');
    await anna.keyboard.press('ArrowRight');
    await shows('two.png', '2 of 3');
    await anna.keyboard.press('ArrowRight');
    await anna.keyboard.press('ArrowRight');
    await shows('three.png', '3 of 3');
    await anna.keyboard.press('+');
    await expect.poll(() => zoomOf(anna)).toBe(1.5);
    await anna.keyboard.press('0');
    await expect.poll(() => zoomOf(anna)).toBe(1);
    await anna.keyboard.press('Escape');
    await anna.locator('dialog.viewer').waitFor({ state: 'detached' });
    await anna.getByRole('dialog', { name: 'Look by keys' }).waitFor();
    expect(await focused(anna)).toBe('Show one.png');
  }, 240_000);
  it('is made larger and smaller by two fingers, on a screen of 360 px that it fits', async () => {
    const anna = await screens.logIn(ANNA, screens.world.url, { viewport: { width: WIDTH, height: 640 }, hasTouch: true, isMobile: true });
    await withPictures(anna, 'Look by hand');
    await anna.getByRole('button', { name: 'Show two.png' }).tap();
    await drawn(anna, 'dialog.viewer img');
    expect(await zoomOf(anna)).toBe(1);
    await pinch(anna, { from: 60, to: 240 });
    await expect.poll(() => zoomOf(anna)).toBeGreaterThan(2);
    await pinch(anna, { from: 240, to: 40 });
    await expect.poll(() => zoomOf(anna)).toBe(1);
    expect(await anna.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(WIDTH);
    for (const name of ['Close', 'Next', 'Previous']) {
      const box = await anna.locator('dialog.viewer').getByRole('button', { name }).boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 1_000), name).toBeLessThanOrEqual(WIDTH);
    }
  }, 240_000);
  it('and the dialog of a task with files have no serious fault of accessibility, in light and dark, wide and narrow', async () => {
    const anna = await screens.logIn(ANNA);
    await withPictures(anna, 'Look without eyes');
    await drop(anna, ON_THE_TASK, { name: 'plan.txt', type: 'text/plain', bytes: Buffer.from('a plan') });
    await anna.getByRole('button', { name: 'Delete plan.txt' }).waitFor();
    await screens.closePages();
    for (const [colorScheme, width] of [
      ['light', 1_280],
      ['dark', WIDTH],
    ] as const) {
      const page = await screens.logIn(ANNA, screens.world.url, { colorScheme, viewport: { width, height: 800 } });
      await cardOf(page, 'Look without eyes').click();
      await page.getByRole('button', { name: 'Show three.png' }).waitFor();
      await drop(page, ON_THE_TASK, { name: 'bad.png', type: 'image/png', bytes: Buffer.from('no picture') });
      await page.getByRole('button', { name: 'Send bad.png again' }).waitFor();
      await drop(page, '[data-files^="new-comment:"]', pictureFile('held.png'));
      await page.locator('[data-held]').waitFor();
      expect(await seriousFaults(page), `task, ${colorScheme}, ${width}`).toEqual([]);
      await page.getByRole('button', { name: 'Show one.png' }).click();
      await drawn(page, 'dialog.viewer img');
      expect(await seriousFaults(page), `viewer, ${colorScheme}, ${width}`).toEqual([]);
    }
  }, 240_000);
  it('of a task on the narrowest screen shows its files without a sideways scroll', async () => {
    const anna = await screens.logIn(ANNA, screens.world.url, { viewport: { width: WIDTH, height: 640 }, hasTouch: true, isMobile: true });
    await withPictures(anna, 'Narrow');
    await drop(anna, ON_THE_TASK, { name: `${'long-'.repeat(30)}name.txt`, type: 'text/plain', bytes: Buffer.from('a plan') });
    await anna.locator('.file-removal').nth(3).waitFor();
    const dialog = anna.getByRole('dialog', { name: 'Narrow' });
    expect(await dialog.evaluate((it) => it.scrollWidth <= it.clientWidth)).toBe(true);
    expect(await cardOf(anna, 'Narrow').count()).toBe(1);
  }, 240_000);
});
