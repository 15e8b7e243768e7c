import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { ANNA, BEN, cardOf, inChromium, make } from './board.fixture.ts';
import { choose, drawn, drop, makeAndOpen, paste, picture, pictureFile } from './files.fixture.ts';
import { dropsAPicture } from './two-browsers.fixture.ts';

const ON_THE_TASK = '[data-files^="task:"]';
const SENT = '[data-upload]';

inChromium('files on the board', (screens) => {
  it('a picture that is dropped on a task in one browser is in another with its thumbnail, without a reload', async () => {
    await dropsAPicture(screens);
  }, 240_000);
  it('a file that is refused says why, and can be taken from the list', async () => {
    const anna = await screens.logIn(ANNA);
    await make(anna, 'Send the plan');
    await cardOf(anna, 'Send the plan').click();
    await drop(anna, '[data-files^="task:"]', { name: 'plan.png', type: 'image/png', bytes: Buffer.from('this is no picture') });
    await anna.getByRole('button', { name: 'Send plan.png again' }).waitFor();
    await anna.getByRole('button', { name: 'Cancel plan.png' }).click();
    await anna.locator('[data-upload]').waitFor({ state: 'detached' });
  }, 240_000);
  it('a picture that is pasted while a task is open is on the task', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Paste the plan');
    await paste(anna, 'body', pictureFile('pasted.png'));
    await drawn(anna, 'dialog img.thumbnail-picture');
    await anna.getByRole('button', { name: 'Show pasted.png' }).waitFor();
  }, 240_000);
  it('files that are chosen by the button are on the task, several at once, and nothing is asked for that there is not', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Choose the plans');
    const refused: string[] = [];
    anna.on('response', (answer) => void (answer.status() >= 400 && refused.push(`${answer.status()} ${answer.url()}`)));
    await choose(anna, 'Add files to: Files of the task', [pictureFile('one.png'), pictureFile('two.png', 10), pictureFile('three.png', 200)]);
    for (const name of ['one.png', 'two.png', 'three.png']) await anna.getByRole('button', { name: `Show ${name}` }).waitFor();
    expect(refused).toEqual([]);
    expect(await anna.locator('input[type="file"]').first().getAttribute('accept')).not.toMatch(/hei[cf]|image\/\*/i);
  }, 240_000);
  it('a file that misses its place is not opened instead of the page', async () => {
    const anna = await screens.logIn(ANNA);
    const wasPrevented = await anna.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'], 'x.txt'));
      return !document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    });
    expect(wasPrevented).toBe(true);
  }, 240_000);
  it('a file that the server could not take is sent again, once, by its button', async () => {
    const anna = await screens.logIn(ANNA);
    const keys: string[] = [];
    await anna.route('**/api/media', async (route) => {
      keys.push(route.request().headers()['idempotency-key'] ?? '');
      if (keys.length > 1) return route.continue();
      const body = {
        type: '/problems/unavailable',
        code: 'unavailable',
        title: 'Not now',
        status: 503,
        detail: 'The store of files is away. Try again.',
      };
      return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(body) });
    });
    await makeAndOpen(anna, 'Try twice');
    await drop(anna, ON_THE_TASK, pictureFile('twice.png'));
    await anna.locator(SENT).getByText('The store of files is away. Try again.').waitFor();
    await anna.getByRole('button', { name: 'Send twice.png again' }).click();
    await anna.getByRole('button', { name: 'Show twice.png' }).waitFor();
    await anna.locator(SENT).waitFor({ state: 'detached' });
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
    expect(await anna.getByRole('button', { name: 'Show twice.png' }).count()).toBe(1);
  }, 240_000);
  it('an upload that is cancelled on its way ends there, and the next one goes on', async () => {
    const anna = await screens.logIn(ANNA);
    const reached = new Promise<void>((resolve) => void anna.route('**/api/media', () => resolve()));
    await makeAndOpen(anna, 'Change my mind');
    await drop(anna, ON_THE_TASK, pictureFile('not-this.png'));
    await anna.getByRole('progressbar', { name: 'Sending not-this.png' }).waitFor();
    const ended = anna.waitForEvent('requestfailed', (request) => request.method() === 'POST' && request.url().endsWith('/api/media'));
    await reached;
    await anna.getByRole('button', { name: 'Cancel not-this.png' }).click();
    await ended;
    await anna.locator(SENT).waitFor({ state: 'detached' });
    await anna.unrouteAll({ behavior: 'ignoreErrors' });
    await drop(anna, ON_THE_TASK, pictureFile('but-this.png'));
    await anna.getByRole('button', { name: 'Show but-this.png' }).waitFor();
    expect(await anna.getByText('not-this.png').count()).toBe(0);
  }, 240_000);
  it('a file that is found damaged after its upload says why on an open page, and goes from the pages of others', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN)]);
    await makeAndOpen(anna, 'Send it whole');
    await cardOf(ben, 'Send it whole').click();
    const whole = picture(90);
    await drop(anna, ON_THE_TASK, { name: 'half.png', type: 'image/png', bytes: withBrokenPixels(whole) });
    await anna.locator('.file', { hasText: 'half.png' }).getByText('cannot be').waitFor();
    await expect.poll(() => ben.locator('.file', { hasText: 'half.png' }).count()).toBe(0);
  }, 240_000);
  it('what becomes of a file is seen on an open page: attached, taken off, put back, deleted', async () => {
    const [anna, ben] = await Promise.all([screens.logIn(ANNA), screens.logIn(BEN)]);
    await makeAndOpen(anna, 'Watch it');
    await cardOf(ben, 'Watch it').click();
    await drop(anna, ON_THE_TASK, pictureFile('seen.png'));
    const seen = ben.getByRole('button', { name: 'Show seen.png' });
    await seen.waitFor();
    const { token, id, of } = await fileOf(anna, 'seen.png');
    const send = (method: string, path: string, body?: object) =>
      anna.evaluate(
        async (request) => {
          const headers = { Authorization: `Bearer ${request.token}`, 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() };
          const response = await fetch(request.path, {
            method: request.method,
            headers,
            ...(request.body ? { body: JSON.stringify(request.body) } : {}),
          });
          return response.status;
        },
        { method, path: `/api/media/${id}${path}`, body, token },
      );
    await expect.poll(() => send('DELETE', '/attachment')).toBe(200);
    await seen.waitFor({ state: 'detached' });
    expect(await send('PUT', '/attachment', { of })).toBe(200);
    await seen.waitFor();
    expect(await send('DELETE', '')).toBe(200);
    await seen.waitFor({ state: 'detached' });
  }, 240_000);
  it('a board of many pictures asks for their addresses in few requests', async () => {
    const anna = await screens.logIn(ANNA);
    await makeAndOpen(anna, 'Many pictures');
    const names = Array.from({ length: 12 }, (_, n) => `p${n}.png`);
    await choose(
      anna,
      'Add files to: Files of the task',
      names.map((name, n) => pictureFile(name, 20 * n)),
    );
    for (const name of names) await anna.getByRole('button', { name: `Show ${name}` }).waitFor();
    const asked: string[] = [];
    anna.on('request', (request) => /\/api\/media\/.*url/.test(request.url()) && asked.push(request.url()));
    await anna.reload();
    await expect.poll(() => anna.locator('dialog img.thumbnail-picture').count()).toBe(names.length);
    expect(asked.length).toBeLessThanOrEqual(3);
  }, 240_000);
});

/** A picture whose head is good, and whose pixels cannot be decoded. */
function withBrokenPixels(whole: Buffer): Buffer {
  const broken = Buffer.from(whole);
  const data = broken.indexOf('IDAT');
  broken.fill(0xff, data + 8, data + 40);
  return broken;
}

/** A file of the open task, as the server has it, with the page's token. */
async function fileOf(page: Page, name: string): Promise<{ token: string; id: string; of: object }> {
  const [request] = await Promise.all([page.waitForRequest((one) => one.url().includes('/api/media?task=')), page.evaluate(() => location.reload())]);
  const answer = await request.response();
  const { items } = ((await answer?.json()) ?? { items: [] }) as { items: { id: string; name: string; of: object }[] };
  const file = items.find((one) => one.name === name);
  return { token: request.headers().authorization?.slice('Bearer '.length) ?? '', id: file?.id ?? '', of: file?.of ?? {} };
}
