import { expect, it } from 'vitest';
import { ADMIN_EMAIL, cardOf, connection, inChromium, make, PASSWORD } from './board.fixture.ts';
import { ofThisTry, personOfThisTry } from './tries.fixture.ts';

inChromium('a session that ends while requests are under way', (screens) => {
  it('is told of once, at the place where one was, which is there again after the login', async () => {
    const { url } = screens.world;
    const dora = personOfThisTry('Dora Lind');
    await screens.world.register(dora.name, dora.email);
    const page = await screens.logIn(dora);
    const title = ofThisTry('Replace the lamp');
    await make(page, title);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    // All that is asked for from now on is under way until the session has ended.
    const held = Promise.withResolvers<void>();
    await page.route('**/api/tasks/**', async (route) => {
      await held.promise;
      const response = await route.fetch();
      // The page may have given up what it asked for with a session that has ended.
      await route.fulfill({ response }).catch(() => undefined);
    });
    await cardOf(page, title).click();
    await page.locator('dialog').waitFor();
    const place = page.url();
    const underWay = () => asked.filter((path) => path.startsWith('/api/tasks/')).length;
    await expect.poll(underWay).toBeGreaterThan(1);

    const post = async (path: string, body: object) =>
      (await fetch(`${url}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).json();
    const { accessToken } = await post('/api/login', { email: ADMIN_EMAIL, password: PASSWORD });
    const id = await page.evaluate(() => JSON.parse(localStorage.getItem('taskledger.session') ?? '{}').user.id as string);
    const ended = await fetch(`${url}/api/users/${id}/sessions`, { method: 'DELETE', headers: { Authorization: `Bearer ${accessToken}` } });
    expect(ended.status).toBeLessThan(300);
    held.resolve();

    await page.getByText('Your session has ended. Log in again.').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    expect(await page.getByRole('status').count()).toBe(1);
    expect((await page.getByRole('alert').allTextContents()).join('')).toBe('');
    expect(page.url()).toBe(place);
    await page.getByLabel('E-mail').fill(dora.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await connection(page, 'live');
    expect(page.url()).toBe(place);
    await page.locator('dialog').getByText(title).first().waitFor();
    expect(await page.locator('.note').count()).toBe(0);
    expect(asked.filter((path) => path === '/api/token/refresh').length).toBe(1);
  }, 240_000);
});
