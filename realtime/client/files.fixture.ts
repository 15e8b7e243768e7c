/** What tests of files do on the page: pictures, and the ways in which hands bring them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { deflateSync } from 'node:zlib';
import type { JSHandle, Page } from 'playwright-core';
import { cardOf, make } from './board.fixture.ts';

/** A file as a hand has it. */
export interface HandFile {
  name: string;
  type: string;
  bytes: Buffer;
}

/** A PNG of one colour. */
export function picture(colour: number): Buffer {
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

/** A picture of one colour as a file. */
export const pictureFile = (name: string, colour = 90): HandFile => ({ name, type: 'image/png', bytes: picture(colour) });

/** A hand that has a file. */
function holding(page: Page, file: HandFile): Promise<JSHandle<DataTransfer>> {
  return page.evaluateHandle(
    ({ name, type, base64 }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))], name, { type }));
      return data;
    },
    { name: file.name, type: file.type, base64: file.bytes.toString('base64') },
  );
}

/** Drops a file on what a selector finds, as a hand would. */
export async function drop(page: Page, selector: string, file: HandFile): Promise<void> {
  const transfer = await holding(page, file);
  await page.dispatchEvent(selector, 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent(selector, 'drop', { dataTransfer: transfer });
}

/** Pastes a file into what a selector finds. */
export async function paste(page: Page, selector: string, file: HandFile): Promise<void> {
  const transfer = await holding(page, file);
  await page.locator(selector).evaluate((place, clipboardData) => {
    place.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, transfer);
}

/** Chooses files by the button with this label. */
export async function choose(page: Page, label: string, files: readonly HandFile[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: label }).click()]);
  await chooser.setFiles(files.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes })));
}

/** Makes a task, and opens it. */
export async function makeAndOpen(page: Page, title: string): Promise<void> {
  await make(page, title);
  await cardOf(page, title).click();
  await page.getByRole('dialog', { name: title }).waitFor();
}

/** Resolves when a picture is drawn. */
export const drawn = (page: Page, selector: string) =>
  page.waitForFunction((found) => {
    const image = document.querySelector<HTMLImageElement>(found);
    return image?.complete === true && image.naturalWidth > 0;
  }, selector);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The serious faults of accessibility that axe finds on a page: the rule, and the element. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    // Colours that are on their way are none that anybody reads.
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  });
}
