/** The ways in and back in, as people go them on the page: with real mails, other browsers, and networks that fail. */
import type { Page, Request } from 'playwright-core';
import { expect, it } from 'vitest';
import { ADMIN_EMAIL, ANNA, connection, inChromium, PASSWORD } from '../realtime/client/board.fixture.ts';
import { seriousFaults } from '../realtime/client/files.fixture.ts';
import { ofThisTry, personOfThisTry } from '../realtime/client/tries.fixture.ts';
import { startMailedWorld } from './mailed-world.fixture.ts';

const CHOSEN = 'a ladder and two lamps';

inChromium(
  'the front door',
  (screens) => {
    const dialog = (page: Page, name: string) => page.getByRole('dialog', { name });

    async function enter(page: Page, { email }: { email: string }, password: string): Promise<void> {
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill(password);
      await page.keyboard.press('Enter');
    }

    /** Opens the newest link of this purpose that was mailed to an address; resolves to its page, its code, and what the page has sent since. */
    async function follow(to: string, purpose: 'confirm' | 'reset'): Promise<{ page: Page; code: string; sent: Request[] }> {
      const link = new RegExp(`/#${purpose}=([\\w-]+)`);
      const code = link.exec(await screens.world.mailWith(to, link))?.[1] ?? '';
      const page = await screens.open('about:blank');
      const sent: Request[] = [];
      page.on('request', (request) => sent.push(request));
      await page.goto(`${screens.world.url}/#${purpose}=${code}`);
      return { page, code, sent };
    }

    async function choosePassword(page: Page): Promise<void> {
      await page.getByLabel('New password').fill(CHOSEN);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Thank you' }).waitFor();
      await page.getByRole('button', { name: 'Log in' }).press('Enter');
    }

    /** All places in which a page or its server could keep a text: the address, the history, the storages, and the heads of requests. */
    async function placesOf(page: Page, sent: readonly Request[]): Promise<string> {
      const kept = await page.evaluate(() =>
        JSON.stringify([location.href, history.state, document.referrer, { ...localStorage }, { ...sessionStorage }, document.cookie]),
      );
      const heads = await Promise.all(sent.map(async (request) => [request.url(), await request.allHeaders()]));
      return kept + JSON.stringify(heads);
    }

    async function newcomer(): Promise<{ name: string; email: string }> {
      const who = personOfThisTry('Ines Holm');
      await screens.world.register(who.name, who.email);
      return who;
    }

    it('lets in who registers, once the mailed link has set a password; its code is in no address, head or storage', async () => {
      const { name, email } = personOfThisTry('Jürgen Groß');
      const page = await screens.open(`${screens.world.url}/register`);
      await page.getByLabel('Name').fill(name);
      await enter(page, { email }, PASSWORD);
      await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor();

      const { page: other, code, sent } = await follow(email, 'confirm');
      await choosePassword(other);
      // The session of before is over, and its page leaves by itself, at once where somebody comes back to it.
      await page.evaluate(() => window.dispatchEvent(new Event('focus')));
      await page.getByText('Your session has ended. Log in again.').waitFor();
      await enter(other, { email }, PASSWORD);
      await other
        .getByRole('alert')
        .getByText(/password/i)
        .waitFor();
      expect(await other.getByLabel('E-mail').inputValue()).toBe(email);
      await enter(other, { email }, CHOSEN);
      await connection(other, 'live');
      expect(await placesOf(other, sent)).not.toContain(code);
      await other.goBack();
      expect(other.url()).not.toContain(code);
    }, 240_000);

    it('lets in whom an admin confirms, also where the page was left meanwhile', async () => {
      const { name, email } = personOfThisTry('Jürgen Groß');
      const page = await screens.open(`${screens.world.url}/register`);
      await page.getByLabel('Name').fill(name);
      await enter(page, { email }, PASSWORD);
      await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor();
      const [url, elsewhere] = [page.url(), 'about:blank'];
      await page.goto(elsewhere);
      const admin = await screens.logIn({ email: ADMIN_EMAIL });
      await admin.getByRole('button', { name: 'Members' }).click();
      await admin.getByRole('button', { name: `Open ${name}` }).click();
      await dialog(admin, name).getByRole('button', { name: 'Confirm' }).click();
      await dialog(admin, name).getByText('confirmed', { exact: true }).waitFor();
      await page.goto(url);
      await connection(page, 'live');
    }, 240_000);

    it('lets in who forgot the password by a mailed link, which ends all other sessions, and tells the owner', async () => {
      const ines = await newcomer();
      const before = await screens.logIn(ines);
      const page = await screens.open(`${screens.world.url}/login`);
      await page.getByLabel('E-mail').fill(ines.email);
      await page.getByRole('button', { name: 'Set another one' }).press('Enter');
      await expect.poll(() => page.getByLabel('E-mail').evaluate((field) => field === document.activeElement)).toBe(true);
      expect(await page.getByLabel('E-mail').inputValue()).toBe(ines.email);
      await page.keyboard.press('Enter');
      await page.getByText('If there is an account with this address').waitFor();

      const { page: other, code, sent } = await follow(ines.email, 'reset');
      await choosePassword(other);
      await before.getByText('Your session has ended. Log in again.').waitFor();
      await enter(other, ines, CHOSEN);
      await connection(other, 'live');
      expect(await placesOf(other, sent)).not.toContain(code);
      await screens.world.mailWith(ines.email, /Subject: .*password/i);
    }, 240_000);

    it('keeps what is typed while the session is ended elsewhere, for who logs in again, and for nobody else', async () => {
      const ines = await newcomer();
      const [page, other] = [await screens.logIn(ines), await screens.logIn(ines)];
      await page.keyboard.press('n');
      const [title, text] = [ofThisTry('Half a thought'), 'with two\nlines'];
      await page.getByLabel('Title').fill(title);
      await page.getByLabel('Description').fill(text);
      await other.getByRole('button', { name: 'My page' }).click();
      await other.getByRole('button', { name: 'End all others' }).click();
      await page.getByText('Your session has ended. Log in again. What you typed will be there again.').waitFor();
      expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain('Half a thought');
      await enter(page, ines, PASSWORD);
      await dialog(page, 'New task').waitFor();
      await expect.poll(() => page.getByLabel('Title').inputValue()).toBe(title);
      expect(await page.getByLabel('Description').inputValue()).toBe(text);

      // No change tells of a session that begins: the list is asked for by who comes back to it.
      await other.evaluate(() => window.dispatchEvent(new Event('focus')));
      await other.getByRole('button', { name: 'End all others' }).click();
      await page.getByText('What you typed will be there again.').waitFor();
      await enter(page, ANNA, PASSWORD);
      await dialog(page, 'New task').waitFor();
      expect(await page.getByLabel('Title').inputValue()).toBe('');
    }, 240_000);

    it('says what to do where the network or the server fails, and loses nothing that was typed', async () => {
      const page = await screens.open(`${screens.world.line.url}/login`);
      screens.world.line.cut();
      await enter(page, ANNA, PASSWORD);
      await page.getByText('The server cannot be reached. Is the network there?').waitFor();
      expect(await page.getByLabel('Password').inputValue()).toBe(PASSWORD);
      screens.world.line.mend();
      await page.keyboard.press('Enter');
      await connection(page, 'live');

      // The answer to a registration is lost: it is made once, and sending it again goes on.
      const { name, email } = personOfThisTry('Nora Ek');
      const other = await screens.open(`${screens.world.url}/register`);
      let sent = 0;
      await other.route('**/api/users', async (route) => {
        if (sent++ > 0) return route.fallback();
        await route.fetch();
        return route.abort();
      });
      await other.getByLabel('Name').fill(name);
      await enter(other, { email }, PASSWORD);
      await other.getByText('The server cannot be reached. Is the network there?').waitFor();
      await other.keyboard.press('Enter');
      await other.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor();

      // A list that could not be had comes by itself.
      let refused = 0;
      await page.route('**/api/sessions', (route) => {
        if (refused++ > 0) return route.fallback();
        const body = {
          type: 'about:blank',
          code: 'limited',
          title: 'Too many requests',
          status: 429,
          detail: 'Too many tries. Try again in 1 second.',
        };
        return route.fulfill({ status: 429, headers: { 'Retry-After': '1' }, contentType: 'application/problem+json', body: JSON.stringify(body) });
      });
      await page.getByRole('button', { name: 'My page' }).click();
      await page.locator('[data-session="this"]').waitFor();
      expect(refused).toBeGreaterThan(1);
    }, 240_000);

    it('fits 360 px for names of every kind, online and off, and has no serious fault of accessibility', async () => {
      const names = ['محمد العربي', `Wolfeschlegel${'x'.repeat(80)}`, '🦊👨‍👩‍👧‍👦'];
      const people = names.map((name, index) => ({ ...personOfThisTry(name), email: personOfThisTry(`person ${index}`).email }));
      for (const { name, email } of people) await screens.world.register(name, email);
      const shape = { viewport: { width: 360, height: 740 } };
      const fits = (page: Page, what: string) => expect.poll(() => page.evaluate(widthsThatDoNotFit), { message: what }).toEqual([]);

      const admin = await screens.logIn({ email: ADMIN_EMAIL }, screens.world.line.url, shape);
      await admin.getByRole('button', { name: 'Members' }).click();
      for (const { name } of people) await admin.getByRole('button', { name: `Open ${name}` }).waitFor();
      await fits(admin, 'members');
      expect(await seriousFaults(admin)).toEqual([]);
      for (const { name } of people) {
        await admin.getByRole('button', { name: `Open ${name}` }).click();
        await dialog(admin, name).getByRole('button', { name: 'Delete…' }).click();
        await fits(admin, `dialog of ${name}`);
        expect(await seriousFaults(admin)).toEqual([]);
        await admin.keyboard.press('Escape');
        await admin.locator('dialog').waitFor({ state: 'detached' });
      }
      screens.world.line.cut();
      await connection(admin, 'reconnecting');
      await fits(admin, 'without a connection');
      expect(await seriousFaults(admin)).toEqual([]);
    }, 240_000);
  },
  startMailedWorld,
);

/** In a page: what is wider than what it stands in, or stands out of the window. */
function widthsThatDoNotFit(): string[] {
  const width = document.documentElement.clientWidth;
  const isOut = (one: Element) => {
    const { left, right } = one.getBoundingClientRect();
    return right > width + 1 || left < -1 || (one.matches('main, dialog') && one.scrollWidth > one.clientWidth + 1);
  };
  const all = [...document.querySelectorAll('main, dialog, header, section, li, button:not(.unseen *), input, select, h1, h2')];
  return all.filter(isOut).map((one) => one.outerHTML.slice(0, 120));
}
