import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, inChromium } from './board.fixture.ts';
import { choose, drawn, drop, makeAndOpen, paste, pictureFile } from './files.fixture.ts';

const NEW_COMMENT = '[data-files^="new-comment:"]';
const OF_A_COMMENT = '[data-files^="comment:"]';
const HELD = '[data-held]';

const send = (page: Page) => page.getByRole('button', { name: 'Comment', exact: true }).click();
const write = (page: Page, text: string) => page.getByLabel('Your comment', { exact: true }).fill(text);

inChromium('files of comments', (screens) => {
  it('that are dropped, pasted and chosen wait for the new comment, and are on it in another browser', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN)]);
    await makeAndOpen(anna, 'Show the damage');
    await cardOf(ben, 'Show the damage').click();
    await drop(anna, NEW_COMMENT, pictureFile('dropped.png'));
    await paste(anna, `${NEW_COMMENT} textarea`, pictureFile('pasted.png', 10));
    await choose(anna, 'Add files to: the new comment', [pictureFile('chosen.png', 200), pictureFile('left-out.png')]);
    await anna.locator(HELD).nth(3).waitFor();
    await anna.getByRole('button', { name: 'Leave out left-out.png' }).click();
    expect(await anna.locator('[data-upload]').count()).toBe(0);

    await write(anna, 'See the pictures');
    await send(anna);
    for (const name of ['dropped.png', 'pasted.png', 'chosen.png']) {
      await ben
        .locator('.comment', { hasText: 'See the pictures' })
        .getByRole('button', { name: `Show ${name}` })
        .waitFor();
      await anna
        .locator('.comment', { hasText: 'See the pictures' })
        .getByRole('button', { name: `Show ${name}` })
        .waitFor();
    }
    await drawn(ben, '.comment img.thumbnail-picture');
    expect([await anna.locator(HELD).count(), await anna.getByText('left-out.png').count()]).toEqual([0, 0]);
    expect(await anna.getByLabel('Your comment', { exact: true }).inputValue()).toBe('');
  }, 240_000);
  it('are still held, with the text, where the comment is refused, and where it has no text', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Lose nothing');
    await drop(anna, NEW_COMMENT, pictureFile('held.png'));
    await send(anna);
    await anna.locator('.comment-form .wrong').first().waitFor();
    await anna.route('**/comments', (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify({ code: 'forbidden', detail: 'Not now.' }) }),
    );
    await write(anna, 'A long text');
    await send(anna);
    await anna.locator('.comment-form').getByText('Not now.').waitFor();
    expect([await anna.locator(HELD).count(), await anna.getByLabel('Your comment', { exact: true }).inputValue()]).toEqual([1, 'A long text']);
    await anna.unrouteAll();
    await send(anna);
    await anna.locator('.comment', { hasText: 'A long text' }).getByRole('button', { name: 'Show held.png' }).waitFor();
  }, 240_000);
  it('are sent again by their button, where the upload to the new comment failed', async () => {
    const anna = await screens.logIn(ANNA);
    let sent = 0;
    await anna.route('**/api/media', (route) =>
      ++sent > 1
        ? route.continue()
        : route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ code: 'unavailable', detail: 'Away.' }) }),
    );
    await makeAndOpen(anna, 'Send it twice');
    await drop(anna, NEW_COMMENT, pictureFile('again.png'));
    await write(anna, 'Here it is');
    await send(anna);
    const comment = anna.locator('.comment', { hasText: 'Here it is' });
    await comment.locator('[data-upload]').getByText('Away.').waitFor();
    await comment.getByRole('button', { name: 'Send again.png again' }).click();
    await comment.getByRole('button', { name: 'Show again.png' }).waitFor();
  }, 240_000);
  it('are held for a comment that is there, while nobody can say which it is, and go to it afterwards', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Find the comment');
    await drop(anna, NEW_COMMENT, pictureFile('later.png'));
    await write(anna, 'There already');
    await anna.route('**/history*', (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify({ code: 'forbidden', detail: 'Not now.' }) }),
    );
    await send(anna);
    await anna.locator('.comment-form').getByText('Your comment is there, but not its files').waitFor();
    await anna.unrouteAll();
    await Promise.all([anna.waitForResponse((one) => one.request().method() === 'POST' && one.url().endsWith('/api/media')), send(anna)]);
    await anna.locator(HELD).waitFor({ state: 'detached' });
    // The task could not be loaded meanwhile.
    await anna.reload();
    const comment = anna.locator('.comment', { hasText: 'There already' });
    await comment.getByRole('button', { name: 'Show later.png' }).waitFor();
    expect(await comment.count()).toBe(1);
  }, 240_000);
  it('are asked about before a dialog with some of them is left', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Leave it');
    await drop(anna, NEW_COMMENT, pictureFile('kept.png'));
    await anna.keyboard.press('Escape');
    await anna.getByText('Discard what you wrote?').waitFor();
    await anna.getByRole('button', { name: 'Keep writing' }).click();
    expect(await anna.locator(HELD).count()).toBe(1);
  }, 240_000);
  it('are added to a comment that is there by its author, and by nobody else', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN)]);
    await makeAndOpen(anna, 'Add to it');
    await write(anna, 'More to come');
    await send(anna);
    await cardOf(ben, 'Add to it').click();
    await ben.locator('.comment', { hasText: 'More to come' }).waitFor();
    expect(await ben.locator(OF_A_COMMENT).count()).toBe(0);
    await drop(anna, OF_A_COMMENT, pictureFile('more.png'));
    await ben.locator('.comment', { hasText: 'More to come' }).getByRole('button', { name: 'Show more.png' }).waitFor();
  }, 240_000);
  it('are left alone where text is pasted with them', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Paste a table');
    const wasTaken = await anna.locator(`${NEW_COMMENT} textarea`).evaluate((place) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File(['x'], 'table.png', { type: 'image/png' }));
      clipboardData.setData('text/plain', 'a\tb');
      return !place.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    });
    expect([wasTaken, await anna.locator(HELD).count()]).toEqual([false, 0]);
  }, 240_000);
});
