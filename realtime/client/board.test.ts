import { randomUUID } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, connection, inChromium, make, PASSWORD, startWorld } from './board.fixture.ts';

inChromium('the board', (screens) => {
  const { open, logIn } = screens;
  const column = (page: Page, name: string) => page.locator('.column').filter({ has: page.getByRole('heading', { name }) });
  const card = (page: Page, title: string, inColumn?: string): Locator =>
    inColumn ? column(page, inColumn).locator('[data-card]').filter({ hasText: title }) : cardOf(page, title);
  const said = (page: Page) => page.locator('[data-said]');

  /** What a board shows: titles by column. */
  async function shownOn(page: Page): Promise<Record<string, string[]>> {
    const entries = ['Open', 'In progress', 'Done', 'Cancelled'].map(async (name) => [
      name,
      await column(page, name).locator('.card-title').allTextContents(),
    ]);
    return Object.fromEntries(await Promise.all(entries));
  }

  it('shows and says at once what somebody does in another browser', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await make(anna, 'Water the plants');
    await card(ben, 'Water the plants', 'Open').waitFor();
    await said(ben).getByText('“Water the plants”: Anna Lindqvist created it.').waitFor();
    await card(anna, 'Water the plants').focus();
    await anna.keyboard.press('2');
    await card(ben, 'Water the plants', 'In progress').waitFor();
    await said(ben).getByText('Anna Lindqvist moved it from Open to In progress').waitFor();
  });

  it('misses nothing that happened while its connection was cut, without a reload', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await make(anna, 'Sweep the yard');
    await card(ben, 'Sweep the yard', 'Open').waitFor();
    await ben.evaluate(() => Object.assign(window, { sameVisit: true }));

    screens.world.line.cut();
    await connection(ben, 'reconnecting');
    await card(anna, 'Sweep the yard').focus();
    await anna.keyboard.press('2');
    await make(anna, 'Mend the fence');
    await card(anna, 'Mend the fence').focus();
    await anna.keyboard.press('3');
    await card(anna, 'Mend the fence', 'Done').waitFor();
    await make(anna, 'Call the plumber');
    await card(anna, 'Call the plumber').focus();
    await anna.keyboard.press('Delete');
    await card(anna, 'Call the plumber').waitFor({ state: 'detached' });
    await anna.getByText('“Call the plumber” was deleted.').first().waitFor();
    expect(await card(ben, 'Sweep the yard', 'Open').count()).toBe(1);
    expect(await card(ben, 'Mend the fence').count()).toBe(0);

    screens.world.line.mend();
    await connection(ben, 'live');
    await card(ben, 'Mend the fence', 'Done').waitFor();
    await card(ben, 'Sweep the yard', 'In progress').waitFor();
    expect(await shownOn(ben)).toEqual(await shownOn(anna));
    expect(await ben.evaluate(() => 'sameVisit' in window)).toBe(true);
  });

  it('keeps what is done while the connection is cut, and sends it when it is back', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await make(ben, 'Sort the post');
    await card(anna, 'Sort the post').waitFor();
    screens.world.line.cut();
    await connection(ben, 'reconnecting');
    await card(ben, 'Sort the post').focus();
    await ben.keyboard.press('3');
    await card(ben, 'Sort the post', 'Done').waitFor();
    expect(await card(anna, 'Sort the post', 'Open').count()).toBe(1);
    screens.world.line.mend();
    await card(anna, 'Sort the post', 'Done').waitFor();
    await ben.locator('.card-pending').waitFor({ state: 'detached' });
  });

  it('takes back what the server refuses, and says why', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await make(anna, 'Lend the ladder');
    await card(anna, 'Lend the ladder').click();
    await anna.getByLabel('For').selectOption(BEN.name);
    await card(ben, `Lend the ladder, for ${BEN.name}`).waitFor();
    screens.world.line.cut();
    await connection(ben, 'reconnecting');
    await anna.getByLabel('For').selectOption('Nobody');
    await card(anna, 'Lend the ladder, for nobody').waitFor();
    await card(ben, 'Lend the ladder').focus();
    await ben.keyboard.press('3');
    await card(ben, 'Lend the ladder', 'Done').waitFor();
    screens.world.line.mend();
    await ben.getByText('“Lend the ladder” is as it was. You change only tasks that you made or that are assigned to you.').waitFor();
    await card(ben, 'Lend the ladder', 'Open').waitFor();
    expect(await said(ben).textContent()).not.toContain('is now done');
  });

  it('shows comments and history of an open task as they come', async () => {
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await make(anna, 'Choose a colour');
    await card(ben, 'Choose a colour').click();
    await ben.getByRole('dialog').getByText('Nobody has said anything yet.').waitFor();
    screens.world.line.cut();
    await connection(ben, 'reconnecting');
    await card(anna, 'Choose a colour').click();
    await anna.getByLabel('Your comment').fill('Green, as the door.');
    await anna.keyboard.press('Control+Enter');
    await anna.locator('.comment').getByText('Green, as the door.').waitFor();
    screens.world.line.mend();
    await ben.locator('.comment').getByText('Green, as the door.').waitFor();
    await ben.getByRole('button', { name: 'History' }).click();
    await ben.locator('.history').getByText('Anna Lindqvist commented').waitFor();
  });

  it('is used by keys alone: move, open, close, search, help, delete and undo', async () => {
    const page = await logIn(ANNA);
    const focused = () => page.evaluate(() => document.activeElement?.closest('[data-card]')?.textContent ?? document.activeElement?.tagName);
    await make(page, 'Wind the clock');
    await card(page, 'Wind the clock').focus();
    await page.keyboard.press('Shift+ArrowRight');
    await card(page, 'Wind the clock', 'In progress').waitFor();
    await expect.poll(focused).toContain('Wind the clock');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Wind the clock' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toContain('Wind the clock');

    await page.keyboard.press('4');
    await card(page, 'Wind the clock', 'Cancelled').waitFor();
    await page.keyboard.press('3');
    await page.getByText('A task that is cancelled cannot become done, only open.').waitFor();

    await page.keyboard.press('Delete');
    await card(page, 'Wind the clock').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.keyboard.press('u');
    await card(page, 'Wind the clock', 'Cancelled').waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('wind cl');
    await expect.poll(() => page.locator('[data-card]').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  });

  it('lets a card be dragged to where it may go, and nowhere else', async () => {
    const page = await logIn(ANNA);
    await make(page, 'Carry the boxes');
    await drag(page, card(page, 'Carry the boxes'), column(page, 'Done'));
    await card(page, 'Carry the boxes', 'Done').waitFor();
    await drag(page, card(page, 'Carry the boxes'), column(page, 'Cancelled'));
    expect(await card(page, 'Carry the boxes', 'Done').count()).toBe(1);
    expect(await page.locator('dialog').count()).toBe(0);
  });

  async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
    const [start, end] = await Promise.all([from.boundingBox(), to.boundingBox()]);
    if (!start || !end) throw new Error('not to be seen');
    await page.mouse.move(start.x + 20, start.y + 20);
    await page.mouse.down();
    await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 8 });
    await page.mouse.up();
  }

  it('fits a screen of 360 px, where a finger carries a card to the dock', async () => {
    const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    const page = await open(screens.world.url, phone);
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - screen.width);
    await page.getByLabel('E-mail').waitFor();
    expect(await overflow()).toBe(0);
    await page.getByLabel('E-mail').fill(BEN.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await connection(page, 'live');
    await make(page, 'A title with anunusuallylongwordthatgoesonandonwithoutanyplacetobreakitanywhere at all');
    expect(await overflow()).toBe(0);

    await carry(page, card(page, 'anunusuallylong'), page.locator('.dock-place').filter({ hasText: 'Done' }));
    await card(page, 'anunusuallylong', 'Done').waitFor();
    await page.getByRole('navigation', { name: 'Columns' }).getByText('Done').click();
    await card(page, 'anunusuallylong', 'Done').click();
    await page.getByRole('dialog').getByText('No description.').waitFor();
    expect(await overflow()).toBe(0);
  });

  it('shows who sees only their own tasks what concerns them, as it begins and ceases to', async () => {
    const own = await startWorld({ TASK_VISIBILITY: 'own' });
    try {
      await own.register(ANNA.name, ANNA.email);
      await own.register(BEN.name, BEN.email);
      const [anna, ben] = await Promise.all([logIn(ANNA, own.url), logIn(BEN, own.url)]);
      await make(anna, 'Feed the cat');
      await card(anna, 'Feed the cat').click();
      await anna.getByLabel('For').selectOption(BEN.name);
      await card(ben, 'Feed the cat', 'Open').waitFor();
      await anna.getByLabel('For').selectOption('Nobody');
      await card(ben, 'Feed the cat').waitFor({ state: 'detached' });
    } finally {
      await screens.closePages();
      await own.close();
    }
  });

  it('shows at once what a new role may see, and all again with the old one', async () => {
    // A task of an earlier try may be there, too.
    const [secret, own, next] = ['Anna’s secret', 'Ben’s own', 'Anna’s next'].map((title) => `${title} ${randomUUID().slice(0, 8)}`) as [
      string,
      string,
      string,
    ];
    const [anna, ben] = await Promise.all([logIn(ANNA), logIn(BEN, screens.world.line.url)]);
    await make(anna, secret);
    await make(ben, own);
    await card(ben, secret).waitFor();
    await screens.world.giveRole(BEN.email, 'resident');
    await card(ben, secret).waitFor({ state: 'detached' });
    expect(await card(ben, own).count()).toBe(1);
    await screens.world.giveRole(BEN.email, 'member');
    await card(ben, secret).waitFor();
    await make(anna, next);
    await card(ben, next).waitFor();
  });

  it('puts the focus where one goes on typing, and asks before what was written is lost', async () => {
    const page = await logIn(ANNA);
    await page.locator('.column').first().waitFor();
    await page.keyboard.press('n');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('title');
    await page.keyboard.type('Paint the gate');
    await page.keyboard.press('Escape');
    await page.getByText('Discard what you wrote?').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Discard what you wrote?').waitFor({ state: 'detached' });
    expect(await page.getByLabel('Title').inputValue()).toBe('Paint the gate');
    await page.keyboard.press('Enter');
    await page.locator('dialog').waitFor({ state: 'detached' });
    await card(page, 'Paint the gate').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('No description.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Title').fill('Paint the fence');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
  });

  it('says of a new task that it waits for the connection, and sends it then', async () => {
    const page = await logIn(ANNA, screens.world.line.url);
    screens.world.line.cut();
    await connection(page, 'reconnecting');
    await page.keyboard.press('n');
    await page.getByLabel('Title').fill('Oil the hinge');
    await page.keyboard.press('Enter');
    await page.getByText('It will be sent when you are connected again.').waitFor();
    screens.world.line.mend();
    await card(page, 'Oil the hinge').waitFor();
  });

  it('keeps the buttons of a new task within reach on a small screen', async () => {
    const page = await logIn(ANNA, screens.world.url, { viewport: { width: 360, height: 560 }, hasTouch: true, isMobile: true });
    await page.keyboard.press('n');
    const create = page.getByRole('button', { name: 'Create' });
    await create.waitFor();
    expect(await create.evaluate((button) => button.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
  });

  it('says that the session has ended where it ended in another tab or at the server', async () => {
    const page = await logIn(ANNA);
    const kept = await page.evaluate(() => localStorage.getItem('taskledger.session') ?? '');
    const other = await page.context().newPage();
    await other.goto(screens.world.url);
    await connection(other, 'live');
    const ended = other.waitForResponse((response) => response.url().endsWith('/api/logout'));
    await other.getByRole('button', { name: 'Log out' }).click();
    expect((await ended).status()).toBe(204);
    await page.getByText('Your session has ended. Log in again.').waitFor();
    expect(await other.getByText('Your session has ended.').count()).toBe(0);
    await other.close();

    await page.evaluate((text) => localStorage.setItem('taskledger.session', text), kept);
    await page.reload();
    await page.getByText('Your session has ended. Log in again.').waitFor();
  });

  it('says at once that a link was used, asks for no password, and does not offer to try it again', async () => {
    const page = await open(`${screens.world.url}/#confirm=${'used'.repeat(11).slice(1)}`);
    await page.getByRole('heading', { name: 'This link is of no use' }).waitFor();
    expect(await page.getByLabel('New password').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
  });

  /** Holds a card until it lifts, and puts it down. */
  async function carry(page: Page, from: Locator, to: Locator): Promise<void> {
    const touch = await page.context().newCDPSession(page);
    const dispatch = (type: 'touchStart' | 'touchMove' | 'touchEnd', point?: { x: number; y: number }) =>
      touch.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [point] : [] });
    const start = await from.boundingBox();
    if (!start) throw new Error('not to be seen');
    await dispatch('touchStart', { x: start.x + 30, y: start.y + 20 });
    await page.locator('.ghost').waitFor();
    const end = await to.boundingBox();
    if (!end) throw new Error('no place to put it');
    await dispatch('touchMove', { x: end.x + end.width / 2, y: end.y + end.height / 2 });
    await page.locator('.dock-over').waitFor();
    await dispatch('touchEnd');
  }
});
