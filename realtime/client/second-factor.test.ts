import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADMIN_EMAIL, ANNA, connection, inChromium, PASSWORD, startWorld, type World } from './board.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

/** An authenticator app. A code is good once, so it waits for the next one where it has shown the present one. */
function openApp(secret: string) {
  let shown = 0;
  return async (): Promise<string> => {
    const present = TOTP.counter();
    const step = Math.max(present, shown + 1);
    shown = step;
    // A code of the next step is good already; one of the step after it is not yet.
    await expect.poll(() => TOTP.counter() + 1, { timeout: 90_000 }).toBeGreaterThanOrEqual(step);
    return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: step * 30_000 });
  };
}

async function typePassword(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
}

/** Sets a second factor up; resolves to its secret and recovery codes. */
async function setUp(page: Page): Promise<{ secret: string; recovery: string[]; code: () => Promise<string> }> {
  await page.getByRole('img', { name: 'QR code for an authenticator app' }).waitFor();
  const secret = ((await page.locator('.second-key code').textContent()) ?? '').replaceAll(' ', '');
  const code = openApp(secret);
  await page.getByLabel('First code of the app').fill('000000');
  await page.getByRole('button', { name: 'Turn it on' }).click();
  await page.getByText('This is not of the app that you set up').waitFor();
  await page.getByLabel('First code of the app').fill(await code());
  await page.getByRole('button', { name: 'Turn it on' }).click();
  await page.locator('.recovery-codes li').first().waitFor();
  const recovery = await page.locator('.recovery-codes li').allTextContents();
  expect(recovery).toHaveLength(10);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  return { secret, recovery, code };
}

async function giveCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Code of your app').fill(code);
  await page.getByRole('button', { name: 'Log in' }).click();
}

inChromium('a second factor', (screens) => {
  it('is set up, asked for at the next login, proved by a code or a recovery code, and turned off', async () => {
    const { name, email } = personOfThisTry('Anna Lindqvist');
    await screens.world.register(name, email);
    const anna = await screens.logIn({ email });
    await anna.goto(`${screens.world.url}/me`);
    await anna.getByRole('button', { name: 'Set it up' }).click();
    await anna.getByRole('button', { name: 'Cancel' }).click();
    await anna.getByRole('button', { name: 'Set it up' }).click();
    const { recovery, code } = await setUp(anna);
    await anna.getByText('10 recovery codes are left.').waitFor();
    await anna.getByRole('button', { name: 'Log out' }).click();

    await typePassword(anna, email);
    await giveCode(anna, '12345');
    await anna.getByText('This has 5 digits: a code of the app has 6.').waitFor();
    await giveCode(anna, 'where is my phone');
    await anna.getByText('This is neither the 6 digits of the app nor a recovery code').waitFor();
    await giveCode(anna, 'abcd-efgh-jkmn-pqrs-tvwx-yz01');
    await anna.locator('.field').getByText('This is wrong, or was used already.').waitFor();
    await giveCode(anna, '000000');
    await anna.getByText('This is wrong, was used already').waitFor();
    await giveCode(anna, await code());
    await connection(anna, 'live');

    const other = await screens.open(screens.world.url);
    await typePassword(other, email);
    await other.getByRole('button', { name: 'Back', exact: true }).click();
    await typePassword(other, email);
    await giveCode(other, recovery[0] ?? '');
    await connection(other, 'live');
    await other.goto(`${screens.world.url}/me`);
    await other.getByText('9 recovery codes are left.').waitFor();
    await other.getByRole('button', { name: 'Turn it off' }).click();
    await other.getByRole('button', { name: 'Set it up' }).waitFor();
  }, 240_000);
});

inChromium('a role that must have a second factor', (screens) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ REQUIRE_2FA: 'member' });
  }, 240_000);
  afterAll(() => world?.close());

  it('sets one up before anything else, and an admin takes it away from who lost the app', async () => {
    const { name, email } = personOfThisTry('Dora Lind');
    await world.register(name, email);
    await world.register(ANNA.name, ANNA.email);
    const page = await screens.open(world.url);
    await typePassword(page, email);
    await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor();
    await setUp(page);
    await connection(page, 'live');

    const admin = await screens.logIn({ email: ADMIN_EMAIL }, world.url);
    await admin.getByRole('button', { name: 'Members' }).click();
    await admin.getByRole('button', { name: `Open ${name}` }).click();
    await admin.getByRole('button', { name: 'Take second factor away…' }).click();
    await admin.getByRole('button', { name: 'Take it away' }).click();
    await admin.getByText(`${name} has no second factor any more.`).first().waitFor();
    await admin.getByRole('button', { name: 'Take second factor away…' }).waitFor({ state: 'detached' });
    await admin.keyboard.press('Escape');
    const asked = admin.waitForResponse(/\/second-factor$/);
    await admin
      .getByRole('button', { name: `Open ${ANNA.name}` })
      .first()
      .click();
    expect(await (await asked).json()).toEqual({ on: false });
    await admin.getByRole('button', { name: 'Delete…' }).waitFor();
    expect(await admin.getByRole('button', { name: 'Take second factor away…' }).count()).toBe(0);
  }, 240_000);
});
