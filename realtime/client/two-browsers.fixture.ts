/** What two browsers show of a picture that is dropped in one of them: on embedded stores, and on servers. */
import { expect } from 'vitest';
import { ANNA, BEN, cardOf, make, type Screens, type ShownWorld } from './board.fixture.ts';
import { drawn, drop, pictureFile } from './files.fixture.ts';

/**
 * A picture that is dropped on a task in one browser is in another with its thumbnail, without a reload; is looked at, and deleted. `title`: of the task,
 * which is made; `sentTo`: the origins to which the browser sends the file, one after the other; default the page's own.
 */
export async function dropsAPicture(
  screens: Screens<ShownWorld>,
  { title = 'Paint the hall', sentTo = [new URL(screens.world.url).origin] }: { title?: string; sentTo?: string[] } = {},
): Promise<void> {
  const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN, screens.world.line.url)]);
  await make(anna, title);
  await cardOf(ben, title).waitFor();
  await ben.evaluate(() => Object.assign(window, { sameVisit: true }));
  await cardOf(anna, title).click();
  const sent: string[] = [];
  anna.on('request', (request) => {
    if (request.method() === 'POST' && /multipart/.test(request.headers()['content-type'] ?? '')) sent.push(new URL(request.url()).origin);
  });
  await drop(anna, '[data-files^="task:"]', pictureFile('hall.png'));
  await drawn(ben, '.lanes img.card-picture');
  await drawn(anna, 'dialog img.thumbnail-picture');
  expect(await ben.evaluate(() => 'sameVisit' in window)).toBe(true);
  expect(sent).toEqual(sentTo);

  await anna.getByRole('button', { name: 'Show hall.png' }).click();
  await drawn(anna, 'dialog.viewer img');
  await anna.keyboard.press('+');
  await expect.poll(() => anna.locator('.viewer-ground').getAttribute('data-zoom')).toBe('1.5');
  await anna.keyboard.press('Escape');
  await anna.locator('dialog.viewer').waitFor({ state: 'detached' });
  await anna.getByRole('dialog', { name: title }).waitFor();

  await anna.getByRole('button', { name: 'Delete hall.png' }).click();
  await ben.locator('.lanes img.card-picture').waitFor({ state: 'detached' });
}
