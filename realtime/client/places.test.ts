import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, connection, inChromium, make, PASSWORD } from './board.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

/** A code as mailed links have them, which nobody was sent. */
const CODE = 'c0de'.padEnd(43, 'x');

inChromium('the places of the page', (screens) => {
  const { logIn, open } = screens;
  const dialog = (page: Page, name: string) => page.getByRole('dialog', { name });
  const gone = (page: Page) => page.locator('dialog').waitFor({ state: 'detached' });
  const at = (page: Page, path: string | RegExp) =>
    expect.poll(() => new URL(page.url()).pathname).toMatch(typeof path === 'string' ? new RegExp(`^${path}$`) : path);
  /** Steps through the history as the browser's buttons do. */
  const back = (page: Page) => page.evaluate(() => history.back());
  const forward = (page: Page) => page.evaluate(() => history.forward());
  const TASK = '/tasks/[0-9a-f-]{36}';

  async function enter(page: Page, who: { email: string }): Promise<void> {
    await page.getByLabel('E-mail').fill(who.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await connection(page, 'live');
  }

  it('have an address each, which Back and Forward go over, and a reload shows again', async () => {
    const page = await logIn(ANNA);
    await make(page, 'Water the plants');
    await at(page, '/');
    await page.keyboard.press('i');
    await dialog(page, 'Inbox').waitFor();
    await at(page, '/inbox');
    await back(page);
    await gone(page);
    await page.keyboard.press('?');
    await dialog(page, 'Keyboard shortcuts').waitFor();
    await at(page, '/keys');
    await page.keyboard.press('Escape');
    await gone(page);
    await cardOf(page, 'Water the plants').click();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('heading', { name: 'Edit the task' }).waitFor();
    await at(page, `${TASK}/edit`);
    await page.reload();
    await page.getByRole('heading', { name: 'Edit the task' }).waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('Water the plants');
    await back(page);
    await dialog(page, 'Water the plants').getByLabel('Your comment').waitFor();
    await at(page, TASK);
    await page.getByRole('button', { name: 'History' }).click();
    await at(page, `${TASK}/history`);
    await page.reload();
    await page.getByRole('button', { name: 'History', pressed: true }).waitFor();
    await back(page);
    await gone(page);
    await at(page, '/');
    await forward(page);
    await page.getByRole('button', { name: 'History', pressed: true }).waitFor();
  }, 240_000);

  it('leave nothing of a closed dialog behind: Back from the board leaves it', async () => {
    const page = await open('about:blank');
    await page.goto(screens.world.url);
    await enter(page, ANNA);
    await make(page, 'Mend the fence');
    await page.keyboard.press('i');
    await dialog(page, 'Inbox').waitFor();
    await page.keyboard.press('Escape');
    await gone(page);
    await cardOf(page, 'Mend the fence').click();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('heading', { name: 'Edit the task' }).waitFor();
    await page.keyboard.press('Escape');
    await gone(page);
    await at(page, '/');
    await page.goBack();
    expect(page.url()).toBe('about:blank');
  }, 240_000);

  it('ask before Back loses what was typed, and then go where one wanted to', async () => {
    const page = await logIn(ANNA);
    await page.keyboard.press('i');
    await dialog(page, 'Inbox').waitFor();
    await page.keyboard.press('Escape');
    await gone(page);
    await page.keyboard.press('n');
    await page.getByLabel('Title').fill('Half a thought');
    await back(page);
    await page.getByText('Discard what you wrote?').waitFor();
    await at(page, '/tasks/new');
    await page.getByRole('button', { name: 'Keep writing' }).click();
    expect(await page.getByLabel('Title').inputValue()).toBe('Half a thought');
    await back(page);
    await page.getByRole('button', { name: 'Discard' }).click();
    await gone(page);
    await at(page, '/');
    expect(await cardOf(page, 'Half a thought').count()).toBe(0);
  }, 240_000);

  it('show the task of a link after logging in, at once or by way of a new account', async () => {
    const anna = await logIn(ANNA);
    await make(anna, 'Sweep the yard');
    await cardOf(anna, 'Sweep the yard').click();
    await at(anna, TASK);
    const link = anna.url();

    const ben = await open(link);
    await enter(ben, BEN);
    await dialog(ben, 'Sweep the yard').waitFor();
    expect(ben.url()).toBe(link);
    await ben.keyboard.press('Escape');
    await gone(ben);
    await at(ben, '/');

    const cara = await open(link);
    await cara.getByRole('button', { name: 'Make an account' }).click();
    await at(cara, '/register');
    await cara.reload();
    const { name, email } = personOfThisTry('Cara Nowak');
    await cara.getByLabel('Name').fill(name);
    await enter(cara, { email });
    await dialog(cara, 'Sweep the yard').waitFor();
    expect(cara.url()).toBe(link);

    await cara.keyboard.press('Escape');
    await gone(cara);
    await cara.getByRole('button', { name: 'Log out' }).click();
    await at(cara, '/login');
    await enter(cara, BEN);
    await at(cara, '/');
  }, 240_000);

  it('are said to be none where the address is wrong, in the same words however it is wrong', async () => {
    const page = await logIn(ANNA);
    for (const wrong of ['/tasks/nope', '/#task=nope', '/members/nope', '/tasks/nope/files/nope']) {
      await page.goto(`${screens.world.url}${wrong}`);
      await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor();
    }
    await page.getByRole('button', { name: 'Go to the board' }).click();
    await connection(page, 'live');
    await at(page, '/');
  }, 240_000);

  it('take the address of a task that was mailed before as well', async () => {
    const page = await logIn(ANNA);
    await make(page, 'Call the plumber');
    await cardOf(page, 'Call the plumber').click();
    await at(page, TASK);
    const [, , id] = new URL(page.url()).pathname.split('/');
    await page.goto(`${screens.world.url}/#task=${id}`);
    await dialog(page, 'Call the plumber').waitFor();
    await at(page, `/tasks/${id}`);
    expect(new URL(page.url()).hash).toBe('');
  }, 240_000);

  it('take the code of a mailed link out of the address and the history, and say after a reload where it is to be had', async () => {
    for (const link of [`/#reset=${CODE}`, `/reset#${CODE}`]) {
      const page = await open(`${screens.world.url}${link}`);
      await page.getByRole('heading', { name: 'This link is of no use' }).waitFor();
      expect(page.url()).toBe(`${screens.world.url}/reset`);
      expect(await page.evaluate(() => JSON.stringify([history.state, { ...localStorage }, { ...sessionStorage }, document.title]))).not.toContain(
        CODE,
      );
      await page.reload();
      await page.getByText('Open the link in the mail once more.').waitFor();
      await page.getByRole('button', { name: 'Send me another one' }).click();
      await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
      await at(page, '/forgotten');
    }
  }, 240_000);
});
