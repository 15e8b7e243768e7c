import { expect, it, vi } from 'vitest';
import { ADMIN_EMAIL, inChromium } from './board.fixture.ts';
import { seriousFaults } from './files.fixture.ts';
import { openOutbox } from './mailed-link.fixture.ts';
import { personOfThisTry } from './tries.fixture.ts';

inChromium('a phone number', (screens) => {
  /** The code of the last SMS, from the outbox. */
  async function code(): Promise<string> {
    const textsTo = await openOutbox(screens.world.url);
    return vi.waitFor(async () => {
      const [found = ''] = (await textsTo('+4915112345678')).flatMap((text) => /^(\d{6}) is your code/.exec(text)?.slice(1) ?? []);
      expect(found).toMatch(/^\d{6}$/);
      return found;
    });
  }

  it('is typed as people do, refused at its field, confirmed by the code of an SMS, and removed; SMS wait for it', async () => {
    const { name, email } = personOfThisTry('Ben Okafor');
    await screens.world.register(name, email);
    const ben = await screens.logIn({ email });
    await ben.goto(`${screens.world.url}/me`);
    const row = ben.locator('.own-row').filter({ hasText: 'Phone' }).first();
    await row.getByText('none: you get no SMS').waitFor();
    await ben.getByText('SMS are sent once you have confirmed a phone number.').waitFor();
    await ben.getByRole('button', { name: 'Change phone' }).press('Enter');
    await ben.getByRole('textbox', { name: 'Phone number' }).fill('0151 1234');
    await ben.keyboard.press('Enter');
    await ben.getByText('This must be a phone number with its country').waitFor();
    expect(await ben.getByRole('textbox', { name: 'Phone number' }).inputValue()).toBe('0151 1234');
    expect(await seriousFaults(ben)).toEqual([]);
    await ben.getByRole('textbox', { name: 'Phone number' }).fill('0049 (151) 1234-5678');
    await ben.keyboard.press('Enter');
    await ben.getByRole('dialog', { name: 'The code of the SMS' }).waitFor();
    expect(new URL(ben.url()).pathname).toBe('/me/phone-code');
    await ben.keyboard.press('Escape');
    await ben.locator('dialog').waitFor({ state: 'detached' });
    expect(new URL(ben.url()).pathname).toBe('/me');
    await ben.getByRole('button', { name: 'Enter the code' }).click();
    await ben.getByRole('textbox', { name: 'Code' }).fill('12');
    await ben.keyboard.press('Enter');
    await ben.locator('.field .wrong').waitFor();
    await ben.getByRole('textbox', { name: 'Code' }).fill(await code());
    await ben.keyboard.press('Enter');
    await row.getByText('+4915112345678').waitFor();
    await row.getByText('confirmed', { exact: true }).waitFor();
    await ben.getByText('SMS are sent once you have confirmed a phone number.').waitFor({ state: 'detached' });
    await ben.getByRole('button', { name: 'Change phone' }).click();
    await ben.getByRole('textbox', { name: 'Phone number' }).fill('+49 151 12345678');
    await ben.keyboard.press('Enter');
    await ben.getByText('This is your number already.').waitFor();
    const admin = await screens.logIn({ email: ADMIN_EMAIL });
    await admin.getByRole('button', { name: 'Members' }).click();
    await admin.getByRole('button', { name: `Open ${name}` }).click();
    await admin.locator('.own-row').filter({ hasText: 'Phone' }).getByText('+49…78').waitFor();
    await ben.getByRole('button', { name: 'Remove the number' }).click();
    await ben.getByRole('button', { name: 'Remove it' }).click();
    await row.getByText('none: you get no SMS').waitFor();
  }, 240_000);
});
