import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { docx, gif, jpeg, odt, PDF, png, webp } from '../../../system/pictures.fixture.ts';
import { type Inspector, type InspectorOptions, InspectorUnavailable, openInspector } from './inspector.ts';

const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
let count = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(bytes: Uint8Array | string, end = 'bin'): string {
  const path = join(folder, `${count++}.${end}`);
  writeFileSync(path, bytes);
  return path;
}

function opened(options: InspectorOptions = {}): Inspector {
  const inspector = openInspector(options);
  onTestFinished(() => inspector.close());
  return inspector;
}

it('says of files that are taken what they are, and how large a picture is as one looks at it', async () => {
  const inspector = opened();
  const found = (bytes: Uint8Array | string, extension = '') => inspector.inspect({ path: file(bytes), extension }, 1);
  expect(await found(png(60, 40), 'png')).toEqual({ type: 'image/png', extension: 'png', width: 60, height: 40 });
  expect(await found(jpeg(60, 40))).toEqual({ type: 'image/jpeg', extension: 'jpg', width: 60, height: 40 });
  expect(await found(jpeg(60, 40, 6), 'jpeg')).toEqual({ type: 'image/jpeg', extension: 'jpeg', width: 40, height: 60 });
  expect(await found(gif(60, 40, 200), 'gif')).toMatchObject({ width: 60, height: 40 });
  expect(await found(webp(60, 40), 'webp')).toMatchObject({ width: 60, height: 40 });
  expect(await found(webp(60, 40, 3), 'webp')).toMatchObject({ width: 60, height: 40 });
  expect(await found(PDF, 'pdf')).toEqual({ type: 'application/pdf', extension: 'pdf' });
  expect(await found(docx(), 'docx')).toMatchObject({ extension: 'docx' });
  expect(await found(odt(), 'odt')).toMatchObject({ extension: 'odt' });
  expect(await found('Grüße, 你好 😀\n')).toEqual({ type: 'text/plain', extension: 'txt' });
  expect(await found('a;b\n1;2\n', 'csv')).toEqual({ type: 'text/csv', extension: 'csv' });
  expect(await found('BM is a text, though pictures begin so\n', 'md')).toEqual({ type: 'text/markdown', extension: 'md' });
});

it('looks through many comments at the beginning of a text as fast as through anything else, and finds a page behind them', async () => {
  const inspector = opened();
  const comments = '<!---->'.repeat(500);
  expect(await inspector.inspect({ path: file(`${comments} no page`), extension: 'txt' }, 1)).toMatchObject({ type: 'text/plain' });
  for (const page of [`${comments}<html>`, ' <!-- x -->\n<svg>', '<!-- a > b --><?xml'])
    await expect(inspector.inspect({ path: file(page), extension: 'txt' }, 1), page).rejects.toMatchObject({ rule: 'type' });
  expect(await inspector.inspect({ path: file('<!-- never closed <html>'), extension: 'txt' }, 1)).toMatchObject({ type: 'text/plain' });
});

it.each(['heic', 'heix', 'hevc', 'mif1', 'msf1', 'avif'])(
  'refuses a picture of the brand %s in words that help who sent it from a phone, whatever its name',
  async (brand) => {
    const inspector = opened();
    const begin = Buffer.from([0, 0, 0, 24]);
    const bytes = Buffer.concat([begin, Buffer.from(`ftyp${brand}\0\0\0\0mif1heic`, 'latin1'), Buffer.alloc(200)]);
    for (const extension of ['heic', 'jpg', '']) {
      const looked = inspector.inspect({ path: file(bytes), extension }, 1);
      await expect(looked, extension).rejects.toMatchObject({
        rule: 'type',
        message: expect.stringMatching(/Send it as JPEG: on an iPhone, Settings/),
      });
    }
  },
);

it('refuses the file over which its process crashes, does not end or grows, and looks at the next one with a new process', async () => {
  for (const what of ['process.exit(1)', 'for (;;) {}', 'const all = []; for (;;) all.push(Array(1e5).fill(all.length))']) {
    const program = file(
      `process.on('message', ({ path }) => { if (path === 'bad') { ${what} } process.send({ found: { type: 'text/plain', extension: 'txt' } }); });`,
      'mjs',
    );
    const inspector = opened({ program, within: 3_000, timesByClock: 60 });
    const bad = inspector.inspect({ path: 'bad', extension: '' }, 1);
    const good = inspector.inspect({ path: 'good', extension: '' }, 1);
    await expect(bad, what).rejects.toMatchObject({ rule: 'unreadable' });
    expect(await good).toMatchObject({ type: 'text/plain' });
  }
}, 300_000);

it('ends its process when no file has come for a while, and starts none before the first', async () => {
  const inspector = opened({ idle: 20 });
  expect(inspector.pid()).toBeUndefined();
  await inspector.inspect({ path: file('x'), extension: 'txt' }, 1);
  await expect.poll(() => inspector.pid()).toBeUndefined();
});

/** A program that answers, and then does something to itself. */
const answersAnd = (what: string) =>
  file(`process.on('message', () => process.send({ found: { type: 'text/plain', extension: String(process.pid) } }, () => { ${what} }));`, 'mjs');

it.each([
  ['ends', 'process.exit()'],
  ['closes its channel', 'process.disconnect(); setInterval(() => {}, 1_000)'],
  ['stands still, and is killed', "process.kill(process.pid, 'SIGSTOP')"],
])('looks at a file with another process where the one before %s after its answer', async (_, what) => {
  const inspector = opened({ program: answersAnd(what), within: 60_000 });
  const { extension: first } = await inspector.inspect({ path: '', extension: '' }, 1);
  const second = inspector.inspect({ path: '', extension: '' }, 1);
  // Whether it is dead before it is asked or just then, is a matter of chance.
  if (what.includes('SIGSTOP')) process.kill(Number(first), 'SIGKILL');
  expect((await second).extension).not.toBe(first);
});

it('is away, and refuses no file, where its process cannot be started, or is stopped', async () => {
  const inspector = opened({ program: file('setInterval(() => {}, 1_000)', 'mjs'), within: 60_000 });
  const looked = expect(inspector.inspect({ path: '', extension: '' }, 1)).rejects.toThrow(InspectorUnavailable);
  await expect.poll(() => inspector.pid()).toBeDefined();
  await inspector.close();
  await looked;
  await expect(inspector.inspect({ path: '', extension: '' }, 1)).rejects.toThrow(InspectorUnavailable);
  const { execPath } = process;
  onTestFinished(() => void Object.assign(process, { execPath }));
  process.execPath = join(folder, 'no-node');
  await expect(opened().inspect({ path: '', extension: '' }, 1)).rejects.toThrow(InspectorUnavailable);
});

it.runIf(process.platform === 'linux')('refuses no file for whose process there was no processor, and says that it may be sent again', async () => {
  const inspector = opened({ program: file("process.on('message', () => process.kill(process.pid, 'SIGSTOP'))", 'mjs'), within: 50 });
  const looked = expect(inspector.inspect({ path: '', extension: '' }, 1)).rejects;
  await looked.toThrow(InspectorUnavailable);
});

it.runIf(process.platform === 'linux')('waits longer by the clock for a process that gets little of a processor', async () => {
  const slow = "process.on('message', () => setTimeout(() => process.send({ found: { type: 'text/plain', extension: 'slow' } }), 2_000))";
  const inspector = opened({ program: file(slow, 'mjs'), within: 1_500 });
  expect(await inspector.inspect({ path: '', extension: '' }, 1)).toMatchObject({ extension: 'slow' });
});
