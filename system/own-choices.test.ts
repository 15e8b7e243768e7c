/** What people choose to be told of on My page, and what they are told then. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, inChromium, PASSWORD } from '../realtime/client/board.fixture.ts';
import { seriousFaults } from '../realtime/client/files.fixture.ts';
import { ofThisTry, personOfThisTry } from '../realtime/client/tries.fixture.ts';
import { startMailedWorld } from './mailed-world.fixture.ts';

inChromium(
  'the choice of what one is told of',
  (screens) => {
    const box = (page: Page, kind: string, channel: string) => page.locator(`[data-choice="${kind}"]`).getByRole('checkbox', { name: channel });
    const isChosen = (page: Page, kind: string, channel: string, is: boolean) => expect.poll(() => box(page, kind, channel).isChecked()).toBe(is);

    async function toMyPage(page: Page): Promise<Page> {
      await page.getByRole('button', { name: 'My page' }).click();
      await box(page, 'task_created', 'E-mail').waitFor();
      return page;
    }

    /** Somebody who has chosen nothing yet. */
    async function newcomer(): Promise<typeof ANNA> {
      const who = personOfThisTry('Ines Holm');
      await screens.world.register(who.name, who.email);
      return who;
    }

    /** The choice of somebody as the server keeps it. */
    async function kept(who: { email: string }, kind: string): Promise<string[]> {
      const ask = (path: string, init: RequestInit) => fetch(`${screens.world.url}${path}`, init).then((answer) => answer.json());
      const body = JSON.stringify({ email: who.email, password: PASSWORD });
      const { accessToken } = await ask('/api/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      const { items } = await ask('/api/me/notifications', { headers: { Authorization: `Bearer ${accessToken}` } });
      return items.find((one: { kind: string }) => one.kind === kind).channels.toSorted();
    }

    /** Has the next change of choices be answered so, once. */
    async function answerOnce(page: Page, status: number, problem: object): Promise<void> {
      let isAnswered = false;
      await page.route('**/api/me/notifications', (route) => {
        if (isAnswered || route.request().method() !== 'PUT') return route.fallback();
        isAnswered = true;
        return route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify(problem) });
      });
    }

    async function makeFor(page: Page, title: string, whom: string): Promise<void> {
      await page.keyboard.press('n');
      await page.getByLabel('Title').fill(title);
      await page.getByLabel('For').selectOption({ label: whom });
      await page.getByRole('button', { name: 'Create' }).click();
      await page.locator('dialog').waitFor({ state: 'detached' });
    }

    it('holds after a reload, in another browser and in another tab, and decides what is mailed and what is in the inbox', async () => {
      const [inInbox, byMail] = [ofThisTry('Told in the inbox alone'), ofThisTry('Told by mail, too')];
      const ines = await newcomer();
      const ben = await screens.logIn(BEN);
      const page = await toMyPage(await screens.logIn(ines));
      const tab = await page.context().newPage();
      await tab.goto(`${screens.world.url}/me`);
      await isChosen(tab, 'task_created', 'E-mail', true);
      await box(page, 'task_created', 'E-mail').press('Space');
      await page.locator('[data-said]').getByText('Your choice is kept.').waitFor();
      await isChosen(tab, 'task_created', 'E-mail', false);
      await page.reload();
      await isChosen(page, 'task_created', 'Inbox', true);
      await isChosen(page, 'task_created', 'E-mail', false);
      const other = await toMyPage(await screens.logIn(ines));
      await isChosen(other, 'task_created', 'E-mail', false);

      await makeFor(ben, inInbox, ines.name);
      await page.keyboard.press('i');
      await page.getByRole('dialog', { name: 'Inbox' }).locator('.inbox-title').filter({ hasText: inInbox }).waitFor();
      await box(other, 'task_created', 'E-mail').click();
      await page.goto(`${screens.world.url}/me`);
      await isChosen(page, 'task_created', 'E-mail', true);
      await makeFor(ben, byMail, ines.name);
      await screens.world.mailWith(ines.email, `New task: ${byMail}`);
      expect(screens.world.mailsTo(ines.email).filter((text) => text.includes(inInbox))).toEqual([]);
    }, 240_000);

    it('stays as chosen where it is refused, says why, and is kept at the next try', async () => {
      const ines = await newcomer();
      const page = await toMyPage(await screens.logIn(ines));
      await isChosen(page, 'comment_added', 'E-mail', false);
      const detail = 'Too many tries. Try again in 40 seconds.';
      await answerOnce(page, 429, { type: 'about:blank', code: 'limited', title: 'Too many requests', status: 429, detail });
      await box(page, 'comment_added', 'E-mail').click();
      const refusal = page.locator('[data-choice="comment_added"]').getByRole('alert');
      await refusal.getByText(`This is not kept yet. ${detail}`).waitFor();
      await isChosen(page, 'comment_added', 'E-mail', true);
      expect(await kept(ines, 'comment_added')).toEqual(['in-app']);
      expect(await seriousFaults(page)).toEqual([]);
      await refusal.getByRole('button', { name: 'Try again to keep this choice' }).click();
      await refusal.getByText('not kept').waitFor({ state: 'detached' });
      await expect.poll(() => kept(ines, 'comment_added')).toEqual(['email', 'in-app']);
      await isChosen(page, 'comment_added', 'E-mail', true);
    }, 240_000);

    it('of two channels at once keeps both, while the first is on its way and the network goes', async () => {
      const ines = await newcomer();
      const page = await toMyPage(await screens.logIn(ines, screens.world.line.url));
      await isChosen(page, 'overdue', 'E-mail', true);
      screens.world.line.cut();
      await box(page, 'overdue', 'E-mail').click();
      await box(page, 'overdue', 'Inbox').click();
      await page.getByText('It will be sent when you are connected again.').waitFor();
      await isChosen(page, 'overdue', 'E-mail', false);
      await isChosen(page, 'overdue', 'Inbox', false);
      screens.world.line.mend();
      await expect.poll(() => kept(ines, 'overdue'), { timeout: 60_000 }).toEqual([]);
      await page.getByText('It will be sent').waitFor({ state: 'detached' });
      await isChosen(page, 'overdue', 'E-mail', false);
      await isChosen(page, 'overdue', 'Inbox', false);
    }, 240_000);

    it('shows what cannot be turned off, fits 360 px, and has no serious fault of accessibility', async () => {
      const page = await toMyPage(await screens.logIn(ANNA, screens.world.url, { viewport: { width: 360, height: 740 } }));
      const always = page.locator('[data-choice-always]');
      await always.getByText('always: this cannot be turned off').waitFor();
      expect(await always.getByRole('checkbox', { name: 'E-mail' }).isDisabled()).toBe(true);
      expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    }, 240_000);
  },
  startMailedWorld,
);
