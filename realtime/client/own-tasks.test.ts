import { expect, it } from 'vitest';
import { ADMIN_EMAIL, ANNA, BEN, cardOf, connection, inChromium, make } from './board.fixture.ts';
import { ofThisTry } from './tries.fixture.ts';

const NOT_YOURS = 'You change only tasks that you made or that are assigned to you.';

inChromium('what the page offers of a task', (screens) => {
  const { logIn } = screens;

  it('is to edit, move, give away and delete it for its maker, its assignee and admins, and for others to comment on it and watch it', async () => {
    const title = ofThisTry('Only Anna’s own');
    const [anna, ben, admin] = await Promise.all([logIn(ANNA), logIn(BEN), logIn({ email: ADMIN_EMAIL })]);
    await make(anna, title);
    for (const page of [anna, ben, admin]) await cardOf(page, title).click();
    for (const page of [anna, admin]) {
      for (const name of ['Edit', 'Delete']) await page.getByRole('dialog').getByRole('button', { name, exact: true }).waitFor();
      expect(await page.getByRole('dialog').getByText(NOT_YOURS).count()).toBe(0);
    }
    await ben.getByRole('dialog').getByText(NOT_YOURS).waitFor();
    await ben.getByRole('button', { name: 'Watch', exact: true }).waitFor();
    await ben.getByLabel('Your comment').waitFor();
    for (const name of ['Edit', 'Delete']) expect(await ben.getByRole('button', { name, exact: true }).count()).toBe(0);
    expect(await ben.getByLabel('For').isDisabled()).toBe(true);
    expect(await ben.getByRole('group', { name: 'Status' }).getByRole('button', { disabled: false }).allTextContents()).toEqual(['Open']);

    await anna.getByLabel('For').selectOption(BEN.name);
    await ben.getByRole('button', { name: 'Edit', exact: true }).waitFor();
    expect(await ben.getByLabel('For').isDisabled()).toBe(false);
  }, 240_000);

  it('is said in words to who tries by keys, by drag or by the address of the form', async () => {
    const title = ofThisTry('Only Anna’s own');
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN)]);
    await make(anna, title);
    for (const key of ['3', 'Delete']) {
      await cardOf(ben, title).focus();
      await ben.keyboard.press(key);
      await ben.locator('.note').getByText(NOT_YOURS).waitFor();
      await ben.getByRole('button', { name: 'Dismiss' }).click();
      await ben.locator('.column').filter({ hasText: 'Open' }).locator('[data-card]').filter({ hasText: title }).waitFor();
    }
    await cardOf(ben, title).click();
    await ben.getByRole('dialog').getByText(NOT_YOURS).waitFor();
    await ben.goto(`${ben.url()}/edit`);
    await ben.getByRole('dialog').getByText(NOT_YOURS).waitFor();
    expect(await ben.getByLabel('Title').count()).toBe(0);
  }, 240_000);

  it('says one true thing of a deletion that somebody else was faster with', async () => {
    const title = ofThisTry('Mow the lawn');
    const [anna, other] = await Promise.all([logIn(ANNA), logIn(ANNA, screens.world.line.url)]);
    await make(anna, title);
    await cardOf(other, title).waitFor();
    screens.world.line.cut();
    await connection(other, 'reconnecting');
    await cardOf(anna, title).focus();
    await anna.keyboard.press('Delete');
    await anna.locator('.note').getByText(`“${title}” was deleted.`).waitFor();
    await cardOf(other, title).focus();
    await other.keyboard.press('Delete');
    await other.getByText('There is no connection. It will be sent when you are connected again.').waitFor();
    screens.world.line.mend();
    await other.locator('.note').getByText(`“${title}” is not there any more, or not yours to see.`).waitFor();
    expect(await other.getByText(/was deleted|as it was/).count()).toBe(0);
    await cardOf(other, title).waitFor({ state: 'detached' });
  }, 240_000);
});
