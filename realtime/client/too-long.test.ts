import { expect, it } from 'vitest';
import { ANNA, cardOf, inChromium, make } from './board.fixture.ts';
import { ofThisTry } from './tries.fixture.ts';

inChromium('a text that is too long', (screens) => {
  it('is kept as it was pasted, counted and refused in words at its field, and taken once it is shortened', async () => {
    const title = ofThisTry('Long');
    const page = await screens.logIn(ANNA);
    await page.keyboard.press('n');
    const field = page.getByLabel('Title');
    await field.waitFor();
    const pasted = `${title} ${'x'.repeat(250)}`;
    await page.keyboard.insertText(pasted);
    expect(await field.inputValue()).toBe(pasted);
    await page.getByText(`${pasted.length} of 200 characters: ${pasted.length - 200} too many.`).waitFor();
    await page.getByLabel('Labels').fill('y'.repeat(60));
    await page.keyboard.press('Control+Enter');
    await field.press('Enter');
    await page.getByText('This must have 1 to 200 characters.').waitFor();
    await page.getByText('This must have 1 to 50 characters.').waitFor();
    expect(await field.inputValue()).toBe(pasted);
    await field.fill(title);
    await page.getByRole('button', { name: 'Remove the label' }).click();
    await field.press('Enter');
    await cardOf(page, title).waitFor();
  }, 240_000);

  it('is counted no more once it was sent as a comment, whose form is empty then; blanks at its ends count, as they are kept', async () => {
    const title = ofThisTry('Long comment');
    const page = await screens.logIn(ANNA);
    await make(page, title);
    await cardOf(page, title).click();
    const field = page.getByLabel('Your comment');
    await field.fill(`${'x'.repeat(9_400)}${' '.repeat(100)}`);
    const counted = page.getByText('9500 of 10000 characters.');
    await counted.waitFor();
    await page.getByRole('button', { name: 'Comment', exact: true }).click();
    await expect.poll(() => field.inputValue()).toBe('');
    await counted.waitFor({ state: 'detached' });
  }, 240_000);
});
