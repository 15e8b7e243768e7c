import { expect, it } from 'vitest';
import { ANNA, cardOf, inChromium, make } from './board.fixture.ts';
import { drawn, drop, makeAndOpen, pictureFile } from './files.fixture.ts';
import { ofThisTry } from './tries.fixture.ts';

inChromium('a card that is pressed', (screens) => {
  it('is opened, though pictures that come meanwhile move it from under the hand', async () => {
    const anna = await screens.logIn(ANNA);
    const pressed = ofThisTry('Paint the door');
    await makeAndOpen(anna, ofThisTry('Paint the wall'));
    await drop(anna, '[data-files^="task:"]', pictureFile('wall.png'));
    await drawn(anna, '.lanes img.card-picture');
    await anna.keyboard.press('Escape');
    await anna.locator('dialog').waitFor({ state: 'detached' });
    await make(anna, pressed);

    const pictures = Promise.withResolvers<void>();
    await anna.route('**/api/media?task=*', async (route) => {
      await pictures.promise;
      await route.fallback();
    });
    await anna.goto(screens.world.url);
    const card = cardOf(anna, pressed);
    await card.hover();
    const before = await card.boundingBox();
    await anna.mouse.down();
    pictures.resolve();
    await anna.locator('.lanes .card-picture').waitFor();
    await expect.poll(async () => (await card.boundingBox())?.y).toBeGreaterThan((before?.y ?? 0) + (before?.height ?? 0));
    await anna.mouse.up();
    await anna.getByRole('dialog', { name: pressed }).waitFor();
  }, 240_000);
});
