import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, inChromium } from './board.fixture.ts';
import { drop, type HandFile, makeAndOpen } from './files.fixture.ts';

const ON_THE_TASK = '[data-files^="task:"]';

/** A PDF of one page with a word on it. */
function document(): HandFile {
  const content = 'BT /F1 24 Tf 20 100 Td (The plan) Tj ET';
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj${object}endobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 6\n0000000000 65535 f \n${offsets.join('')}`;
  const bytes = Buffer.from(`${text}${table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`, 'latin1');
  return { name: 'plan.pdf', type: 'application/pdf', bytes };
}

/** A second of silence. */
function silence(): HandFile {
  const [rate, head] = [8_000, Buffer.alloc(44)];
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + rate, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(rate, 40);
  return { name: 'silence.wav', type: 'audio/wav', bytes: Buffer.concat([head, Buffer.alloc(rate, 128)]) };
}

/** Puts a file on a new task, and opens it by its name; resolves to the tab that it opens in. */
async function opened(page: Page, file: HandFile): Promise<Page> {
  await makeAndOpen(page, `See ${file.name}`);
  await drop(page, ON_THE_TASK, file);
  const [tab] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: file.name, exact: true }).click()]);
  return tab;
}

inChromium('a file that is opened', (screens) => {
  it('as a PDF is in the browser’s own viewer, in a tab of its own that knows nothing of the page', async () => {
    const anna = await screens.logIn(ANNA);
    const tab = await opened(anna, document());
    // The viewer is an extension of the browser's, in a frame of its own.
    await expect.poll(() => tab.frames().some((frame) => frame.url().startsWith('chrome-extension://'))).toBe(true);
    expect(new URL(tab.url()).pathname).toMatch(/^\/media\/[0-9a-f-]{36}\/original$/);
    expect(await tab.evaluate(() => window.opener)).toBe(null);
    await anna.getByRole('dialog', { name: 'See plan.pdf' }).waitFor();
  }, 240_000);
  it('as a sound is played by the browser', async () => {
    const anna = await screens.logIn(ANNA);
    const tab = await opened(anna, silence());
    await expect.poll(() => tab.evaluate(() => window.document.querySelector('video, audio') instanceof HTMLMediaElement)).toBe(true);
    await expect.poll(() => tab.evaluate(() => window.document.querySelector<HTMLMediaElement>('video, audio')?.duration)).toBe(1);
  }, 240_000);
  it('as a text is saved under its name, and the page stays', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Save it');
    await drop(anna, ON_THE_TASK, { name: 'notes.txt', type: 'text/plain', bytes: Buffer.from('some notes') });
    const [download] = await Promise.all([anna.waitForEvent('download'), anna.getByRole('button', { name: 'notes.txt', exact: true }).click()]);
    expect(download.suggestedFilename()).toBe('notes.txt');
    await anna.getByRole('dialog', { name: 'Save it' }).waitFor();
  }, 240_000);
});
