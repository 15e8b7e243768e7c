import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, inChromium } from './board.fixture.ts';
import { choose, drawn, makeAndOpen, pictureFile } from './files.fixture.ts';

const WIDTH = 360;

inChromium('a picture of oneself', (screens) => {
  it('is set, changed and removed, and open pages of others show that without a reload', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN)]);
    await makeAndOpen(anna, 'Whose is it');
    await anna.getByLabel('For').selectOption(`${ANNA.name} (you)`);
    await anna.keyboard.press('Escape');
    const seen = cardOf(ben, 'Whose is it').locator('.avatar img');
    await cardOf(ben, 'Whose is it').waitFor();
    await ben.evaluate(() => Object.assign(window, { sameVisit: true }));
    const own = anna.getByRole('dialog', { name: 'Your picture' });

    await anna.getByRole('button', { name: 'My page' }).click();
    await anna.getByRole('button', { name: 'Change picture' }).click();
    await choose(anna, 'Choose a picture', [pictureFile('me.png', 50)]);
    await drawn(ben, '.lanes .avatar img');
    const first = await seen.getAttribute('src');
    await drawn(anna, '.own-picture img');

    await choose(anna, 'Choose another', [pictureFile('me-again.png', 200)]);
    await expect.poll(() => seen.getAttribute('src')).not.toBe(first);

    await own.getByRole('button', { name: 'Remove your picture' }).click();
    await seen.waitFor({ state: 'detached' });
    await own.getByText('You have none yet.').waitFor();
    await anna.keyboard.press('Escape');
    await own.waitFor({ state: 'detached' });
    expect(await ben.evaluate(() => 'sameVisit' in window)).toBe(true);
  }, 240_000);
  it('that is refused says why where it was chosen', async () => {
    const anna = await screens.logIn(ANNA);
    await anna.getByRole('button', { name: 'My page' }).click();
    await anna.getByRole('button', { name: 'Change picture' }).click();
    await choose(anna, 'Choose a picture', [{ name: 'me.heic', type: 'image/heic', bytes: Buffer.from('\0\0\0\x14ftypheic\0\0\0\0heic', 'latin1') }]);
    await anna.getByRole('dialog', { name: 'Your picture' }).locator('[data-upload]').getByText('Send it as JPEG').waitFor();
  }, 240_000);
  it(`is chosen on a screen of ${WIDTH} px`, async () => {
    const anna = await screens.logIn(ANNA, screens.world.url, { viewport: { width: WIDTH, height: 640 }, hasTouch: true, isMobile: true });
    await anna.getByRole('button', { name: 'My page' }).tap();
    await anna.getByRole('button', { name: 'Change picture' }).tap();
    const box = await anna.getByRole('button', { name: 'Choose a picture' }).boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 1_000)).toBeLessThanOrEqual(WIDTH);
  }, 240_000);
});
