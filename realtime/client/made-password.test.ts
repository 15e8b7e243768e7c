import { expect, it } from 'vitest';
import { BEN, connection, inChromium } from './board.fixture.ts';
import { seriousFaults } from './files.fixture.ts';

const OWN = 'three lamps and a ladder';

inChromium('a password that was made for somebody', (screens) => {
  it('opens the page where another one is chosen, and then the place that was asked for', async () => {
    const [, made = ''] = /The password is (\S+)/.exec(screens.world.operator('users', 'reset-password', BEN.email)) ?? [];
    const ben = await screens.open(`${screens.world.url}/me`);
    await ben.getByLabel('E-mail').fill(BEN.email);
    await ben.getByLabel('Password').fill(made);
    await ben.keyboard.press('Enter');
    await ben.getByRole('heading', { name: 'Choose your own password' }).waitFor();
    expect(await seriousFaults(ben)).toEqual([]);

    expect(await ben.getByLabel('The password that was made for you').count()).toBe(0);
    await ben.getByLabel('Your new password').fill(made);
    await ben.keyboard.press('Enter');
    await ben.getByText('This must be another one than you have.').waitFor();
    await ben.reload();
    await ben.getByLabel('The password that was made for you').fill(made);
    await ben.getByLabel('Your new password').fill(OWN);
    await ben.keyboard.press('Enter');
    await connection(ben, 'live');
    expect(new URL(ben.url()).pathname).toBe('/me');

    await ben.getByRole('button', { name: 'Log out' }).click();
    await ben.getByLabel('E-mail').fill(BEN.email);
    await ben.getByLabel('Password').fill(OWN);
    await ben.keyboard.press('Enter');
    await connection(ben, 'live');
  }, 240_000);
});
