import { deflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, inChromium, make } from './board.fixture.ts';

/** A PNG of one colour. */
function picture(colour: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.from([0, 0, 1, 0, 0, 0, 1, 0, 8, 2, 0, 0, 0]);
  const rows = Buffer.concat(Array.from({ length: 256 }, () => Buffer.concat([Buffer.from([0]), Buffer.alloc(256 * 3, colour)])));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc(bytes: Buffer): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

/** Drops a file on what a selector finds, as a hand would. */
async function drop(page: Page, selector: string, file: { name: string; type: string; bytes: Buffer }): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, type, base64 }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))], name, { type }));
      return data;
    },
    { name: file.name, type: file.type, base64: file.bytes.toString('base64') },
  );
  await page.dispatchEvent(selector, 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent(selector, 'drop', { dataTransfer: transfer });
}

/** Resolves when a picture is drawn. */
const drawn = (page: Page, selector: string) =>
  page.waitForFunction((found) => {
    const image = document.querySelector<HTMLImageElement>(found);
    return image?.complete === true && image.naturalWidth > 0;
  }, selector);

inChromium('files on the board', (screens) => {
  it('a picture that is dropped on a task in one browser is in another with its thumbnail, without a reload', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN, screens.world.line.url)]);
    await make(anna, 'Paint the hall');
    await cardOf(ben, 'Paint the hall').waitFor();
    await ben.evaluate(() => Object.assign(window, { sameVisit: true }));
    await cardOf(anna, 'Paint the hall').click();
    await drop(anna, '[data-files^="task:"]', { name: 'hall.png', type: 'image/png', bytes: picture(90) });
    await drawn(ben, '.lanes img.card-picture');
    await drawn(anna, 'dialog img.thumbnail-picture');
    expect(await ben.evaluate(() => 'sameVisit' in window)).toBe(true);

    await anna.getByRole('button', { name: 'Show hall.png' }).click();
    await drawn(anna, 'dialog.viewer img');
    await anna.keyboard.press('+');
    await expect.poll(() => anna.locator('.viewer-ground').getAttribute('data-zoom')).toBe('1.5');
    await anna.keyboard.press('Escape');
    await anna.locator('dialog.viewer').waitFor({ state: 'detached' });
    await anna.getByRole('dialog', { name: 'Paint the hall' }).waitFor();

    await anna.getByRole('button', { name: 'Delete hall.png' }).click();
    await ben.locator('.lanes img.card-picture').waitFor({ state: 'detached' });
  });
  it('a file that is refused says why, and can be taken from the list', async () => {
    const anna = await screens.logIn(ANNA);
    await make(anna, 'Send the plan');
    await cardOf(anna, 'Send the plan').click();
    await drop(anna, '[data-files^="task:"]', { name: 'plan.png', type: 'image/png', bytes: Buffer.from('this is no picture') });
    await anna.getByRole('button', { name: 'Send plan.png again' }).waitFor();
    await anna.getByRole('button', { name: 'Cancel plan.png' }).click();
    await anna.locator('[data-upload]').waitFor({ state: 'detached' });
  });
});
