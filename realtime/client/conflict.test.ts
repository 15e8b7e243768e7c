import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, cardOf, connection, inChromium, make, PASSWORD } from './board.fixture.ts';
import { seriousFaults } from './files.fixture.ts';
import { ofThisTry } from './tries.fixture.ts';

inChromium('a task that somebody else changes while one writes', (screens) => {
  const { logIn } = screens;
  const conflict = (page: Page) => page.getByRole('region', { name: 'What others changed meanwhile' });
  const gone = (page: Page) => page.getByRole('heading', { name: 'Edit the task' }).waitFor({ state: 'detached' });

  async function edit(page: Page, title: string): Promise<void> {
    await cardOf(page, title).click();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await page.getByRole('heading', { name: 'Edit the task' }).waitFor();
  }

  async function save(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Save', exact: true }).click();
  }

  it('is shown both ways, nothing is put over it unasked, and a third change is none that one has seen', async () => {
    const [before, theirs, mine] = [ofThisTry('Paint the gate'), ofThisTry('Paint the fence'), ofThisTry('Paint the shed')];
    const [one, other] = await Promise.all([logIn(ANNA), logIn(ANNA)]);
    await make(one, before);
    await edit(one, before);
    await one.getByLabel('Title').fill(mine);
    await edit(other, before);
    await other.getByLabel('Title').fill(theirs);
    await other.getByLabel('Description').fill('Green.');
    await save(other);
    await gone(other);

    await save(one);
    await conflict(one).getByText(`Now: ${theirs}`).waitFor();
    await conflict(one).getByText(`Yours: ${mine}`).waitFor();
    await conflict(one).getByText('Now: Green.').waitFor();
    expect(await one.getByLabel('Title').inputValue()).toBe(mine);
    expect(await seriousFaults(one)).toEqual([]);

    await other.getByRole('button', { name: 'Edit', exact: true }).click();
    await other.getByLabel('Title').fill(`${theirs}, twice`);
    await save(other);
    await gone(other);
    await one.getByRole('button', { name: 'Save mine over it' }).click();
    await conflict(one).getByText(`Now: ${theirs}, twice`).waitFor();
    await one.getByRole('button', { name: 'Save mine over it' }).click();
    await gone(one);
    await other.getByRole('dialog', { name: mine }).getByText('Green.').waitFor();
  }, 240_000);

  it('is not lost to text that was kept while the session was over', async () => {
    const [before, theirs, mine] = [ofThisTry('Oil the door'), ofThisTry('Oil the lock'), ofThisTry('Oil the hinge')];
    const one = await logIn(ANNA);
    await make(one, before);
    await edit(one, before);
    await one.getByLabel('Title').fill(mine);
    const other = await logIn(ANNA);
    await other.getByRole('button', { name: 'My page' }).click();
    await other.getByRole('button', { name: 'End all others' }).click();
    await one.getByText('Your session has ended. Log in again. What you typed will be there again.').waitFor();
    await other.locator('a.brand').click();
    await edit(other, before);
    await other.getByLabel('Title').fill(theirs);
    await other.getByLabel('Priority').selectOption('urgent');
    await other.getByLabel('Labels').fill('theirs');
    await other.keyboard.press('Enter');
    await save(other);
    await gone(other);

    await one.getByLabel('E-mail').fill(ANNA.email);
    await one.getByLabel('Password').fill(PASSWORD);
    await one.keyboard.press('Enter');
    await connection(one, 'live');
    await expect.poll(() => one.getByLabel('Title').inputValue()).toBe(mine);
    await save(one);
    await conflict(one).getByText(`Now: ${theirs}`).waitFor();
    expect(await cardOf(other, theirs).count()).toBe(1);
    await conflict(one).getByText('Now: urgent').waitFor();
    await one.getByLabel('Title').fill(`${mine}, too`);
    await conflict(one).getByText(`Yours: ${mine}, too`).waitFor();
    await one.getByRole('button', { name: 'Take theirs' }).click();
    await expect.poll(() => one.getByLabel('Title').inputValue()).toBe(theirs);
    expect(await one.getByLabel('Priority').inputValue()).toBe('urgent');
    await one.getByRole('button', { name: 'Remove the label theirs' }).waitFor();
    await one.getByLabel('Description').fill('Mine is this alone.');
    await save(one);
    await gone(one);
    const dialog = other.getByRole('dialog', { name: theirs });
    await dialog.getByText('Mine is this alone.').waitFor();
    await other.getByRole('button', { name: 'Edit', exact: true }).click();
    expect(await other.getByLabel('Priority').inputValue()).toBe('urgent');
    await other.getByRole('button', { name: 'Remove the label theirs' }).waitFor();
  }, 240_000);
});
