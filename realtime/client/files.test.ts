import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, inChromium, make } from './board.fixture.ts';

/** Drops a file on what a selector finds, as a hand would. */
async function drop(page: Page, selector: string, file: { name: string; type: string; bytes: Buffer }): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, type, base64 }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))], name, { type }));
      return data;
    },
    { name: file.name, type: file.type, base64: file.bytes.toString('base64') },
  );
  await page.dispatchEvent(selector, 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent(selector, 'drop', { dataTransfer: transfer });
}

inChromium('files on the board', (screens) => {
  it('a file that is added in one browser is in the open task of another, and gone there when it is deleted, without a reload', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN, screens.world.line.url)]);
    await make(anna, 'Paint the hall');
    await cardOf(ben, 'Paint the hall').click();
    await ben.getByRole('dialog', { name: 'Paint the hall' }).waitFor();
    await ben.evaluate(() => Object.assign(window, { sameVisit: true }));
    await cardOf(anna, 'Paint the hall').click();
    await drop(anna, '[data-files^="task:"]', { name: 'colours.txt', type: 'text/plain', bytes: Buffer.from('green, as the door') });
    await ben.locator('[data-files] .file-name').getByText('colours.txt').waitFor();
    await anna.locator('[data-upload]').waitFor({ state: 'detached' });
    await anna.getByRole('button', { name: 'Delete colours.txt' }).click();
    await ben.locator('[data-files] .file-name').waitFor({ state: 'detached' });
    expect(await ben.evaluate(() => 'sameVisit' in window)).toBe(true);
  });
  it('a file that is refused says why, and can be taken from the list', async () => {
    const anna = await screens.logIn(ANNA);
    await make(anna, 'Send the plan');
    await cardOf(anna, 'Send the plan').click();
    await drop(anna, '[data-files^="task:"]', { name: 'plan.png', type: 'image/png', bytes: Buffer.from('this is no picture') });
    await anna.getByRole('button', { name: 'Send plan.png again' }).waitFor();
    await anna.getByRole('button', { name: 'Cancel plan.png' }).click();
    await anna.locator('[data-upload]').waitFor({ state: 'detached' });
  });
});
