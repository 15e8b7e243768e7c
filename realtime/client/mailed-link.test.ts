import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ADMIN_EMAIL, connection, inChromium, PASSWORD, startWorld, type World } from './board.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

inChromium('an account whose address is not confirmed, and a password that is forgotten', (screens) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ UNCONFIRMED: 'none' });
  }, 240_000);
  afterAll(() => world?.close());

  const json = (body: object) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

  /** The newest link of this kind that was mailed to an address. */
  async function mailed(to: string, purpose: 'confirm' | 'reset', than = ''): Promise<string> {
    const { accessToken } = await (await fetch(`${world.url}/api/login`, json({ email: ADMIN_EMAIL, password: PASSWORD }))).json();
    return vi.waitFor(async () => {
      const answer = await fetch(`${world.url}/outbox?to=${encodeURIComponent(to)}`, { headers: { Authorization: `Bearer ${accessToken}` } });
      const { items } = (await answer.json()) as { items: { text: string }[] };
      const [link = ''] = items.flatMap(({ text }) => text.match(new RegExp(`/#${purpose}=[\\w-]+`)) ?? []);
      expect([link !== '', link !== than]).toEqual([true, true]);
      return link;
    });
  }

  async function setPassword(link: string, password: string) {
    const page = await screens.open(`${world.url}${link}`);
    await page.getByLabel('New password').fill(password);
    expect(await page.evaluate('location.href')).not.toContain('=');
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    await page.getByRole('button', { name: 'Log in' }).click();
    return page;
  }

  it('sees what to do alone, has the mail sent again, and is in once the link has set a password', async () => {
    const dora = personOfThisTry('Dora Lind');
    await world.register(dora.name, dora.email);
    const first = await mailed(dora.email, 'confirm');
    const page = await screens.open(world.url);
    await page.getByLabel('E-mail').fill(dora.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Send the mail again' }).click();
    await page.getByText('It is on its way.').waitFor();
    const again = await mailed(dora.email, 'confirm', first);

    const other = await setPassword(again, 'chosen by herself alone');
    await other.getByLabel('E-mail').fill(dora.email);
    await other.getByLabel('Password').fill('chosen by herself alone');
    await other.keyboard.press('Enter');
    await connection(other, 'live');
  }, 240_000);

  it('waits without renewing its tokens, and goes on by itself once an admin has confirmed the address', async () => {
    const dora = personOfThisTry('Dora Lind');
    await world.register(dora.name, dora.email);
    const page = await screens.open('about:blank');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const count = (path: string) => asked.filter((one) => one === path).length;
    await page.clock.install();
    await page.goto(world.url);
    await page.getByLabel('E-mail').fill(dora.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor();
    await page.clock.runFor(5 * 60_000);
    await expect.poll(() => count('/api/me')).toBeGreaterThan(10);
    expect(count('/api/token/refresh')).toBe(0);
    await world.confirm(dora.email);
    await page.clock.runFor(60_000);
    await connection(page, 'live');
    expect(count('/api/token/refresh')).toBe(1);
  }, 240_000);

  it('asks for a link, and sets another password by it, once', async () => {
    const dora = personOfThisTry('Dora Lind');
    await world.register(dora.name, dora.email);
    await world.confirm(dora.email);
    const page = await screens.open(world.url);
    await page.getByRole('button', { name: 'Set another one' }).click();
    await page.getByLabel('E-mail').fill(dora.email);
    await page.getByRole('button', { name: 'Send the link' }).click();
    await page.getByText('If there is an account with this address').waitFor();
    const link = await mailed(dora.email, 'reset');
    const other = await setPassword(link, 'a staple and a lamp');
    await other.getByLabel('E-mail').fill(dora.email);
    await other.getByLabel('Password').fill('a staple and a lamp');
    await other.keyboard.press('Enter');
    await connection(other, 'live');

    const spent = await screens.open(`${world.url}${link}`);
    await spent.getByRole('heading', { name: 'Your password is set' }).waitFor();
    expect(await spent.getByLabel('New password').count()).toBe(0);
    await spent.getByRole('button', { name: 'Log in' }).click();
    await spent.getByLabel('E-mail').waitFor();
  }, 240_000);

  it('is told by a link whose address is confirmed already to log in, and by one that ended where the mail is had again', async () => {
    const dora = personOfThisTry('Dora Lind');
    await world.register(dora.name, dora.email);
    const link = await mailed(dora.email, 'confirm');
    const ended = await screens.open(`${world.url}/#confirm=${'x'.repeat(43)}`);
    await ended.getByRole('heading', { name: 'This link is of no use' }).waitFor();
    expect(await ended.getByLabel('New password').count()).toBe(0);
    await ended.getByLabel('E-mail').fill(dora.email);
    await ended.getByRole('button', { name: 'Send the mail again' }).click();
    await ended.getByText('the mail is on its way').waitFor();
    const again = await mailed(dora.email, 'confirm', link);

    const open = await screens.open(`${world.url}${again}`);
    await open.getByLabel('New password').fill('chosen by herself alone');
    // Meanwhile in another tab.
    await setPassword(again, 'chosen in another tab');
    await open.getByRole('button', { name: 'Set the password' }).click();
    await open.getByRole('heading', { name: 'Your e-mail address is confirmed' }).waitFor();
    for (const one of [link, again]) {
      const over = await screens.open(`${world.url}${one}`);
      await over.getByRole('heading', { name: 'Your e-mail address is confirmed' }).waitFor();
      expect(await over.getByText('Forgot your password?').count()).toBe(0);
      await over.getByRole('button', { name: 'Log in' }).click();
      await over.getByLabel('Password').waitFor();
    }
  }, 240_000);

  it('says at its place why a password is refused', async () => {
    const dora = personOfThisTry('Dora Lind');
    await world.register(dora.name, dora.email);
    const page = await screens.open(`${world.url}${await mailed(dora.email, 'confirm')}`);
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByText('This must have at least 10 characters.').waitFor();
  }, 240_000);

  it('says of a link that was cut on its way that it is broken, shows no form, and how another one is to be had', async () => {
    for (const purpose of ['confirm', 'reset'] as const) {
      const page = await screens.open(`${world.url}/#${purpose}=zzz`);
      await page.getByRole('heading', { name: 'This link is broken' }).waitFor();
      await page.getByText('Open it from the mail itself').waitFor();
      expect(await page.getByLabel('New password').count()).toBe(0);
      if (purpose === 'reset') {
        await page.getByRole('button', { name: 'Send me another one' }).click();
        await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor();
      } else await page.getByRole('button', { name: 'Send the mail again' }).waitFor();
    }
    const invited = await screens.open(`${world.url}/#invitation=zzz`);
    await invited.getByText('ask who invited you to send the invitation again').waitFor();
    expect(await invited.getByLabel('New password').count()).toBe(0);
    const changed = await screens.logIn({ email: ADMIN_EMAIL }, world.url);
    await changed.goto(`${world.url}/#address=zzz`);
    await changed.getByRole('heading', { name: 'This link is broken' }).waitFor();
    await changed.getByText('change the address on My page once more').waitFor();
    expect(await changed.getByRole('button', { name: 'Confirm the address' }).count()).toBe(0);
  }, 240_000);
});
