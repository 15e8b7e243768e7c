import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { hostileFiles } from '../../../system/hostile-files.fixture.ts';
import { apng, docx, gif, odt, webp, zip } from '../../../system/pictures.fixture.ts';
import { flac, id3, MP3_FRAME, ogg, webm } from '../../../system/sounds.fixture.ts';
import { extensionOf } from '../names.ts';
import { newMarkSearch } from './archive-marks.ts';
import { inspect } from './inspect.ts';
import { checkExtension } from './not-taken.ts';

const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
const HOSTILE = hostileFiles(7);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As an upload is looked at: the marks were sought while it arrived. */
async function look(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  const marks = newMarkSearch();
  marks.add(Buffer.from(bytes));
  checkExtension(extensionOf(name));
  return (await inspect({ path, extension: extensionOf(name), hasMarks: marks.found() })).type;
}
const ruled = (name: string, bytes: Uint8Array) =>
  look(name, bytes).then(
    (type) => `taken as ${type}`,
    (error) => (error.name === 'FileRefused' ? error.rule : String(error)),
  );

it('refuses each hostile file for what it is', async () => {
  const taken: string[] = [];
  for (const { why, name, bytes } of HOSTILE) {
    const rule = await ruled(name, bytes);
    if (/^taken|Error/.test(rule)) taken.push(`${why} (${name}): ${rule}`);
  }
  expect(taken).toEqual([]);
}, 120_000);

const of = (why: string) => HOSTILE.filter((one) => one.why.startsWith(why));

it.each([
  ['a tar', ['archive']],
  ['a disc', ['archive', 'damaged']],
  ['rar in it', ['archive']],
  ['7z in it', ['archive']],
  ['macros by', ['macros', 'damaged']],
  ['controls by', ['macros']],
  ['macros of', ['macros']],
  ['an object of another program', ['archive']],
  ['a program by its content', ['archive']],
  ['an archive by its content', ['archive']],
  ['more than it says', ['archive']],
  ['less than it says', ['archive']],
  ['a PNG that moves', ['frames']],
  ['frames that are too large', ['frames']],
  ['more pixels of frames', ['frames']],
  ['no more of it', ['damaged', 'type']],
])('refuses %s, and says so by the rule', async (why, rules) => {
  const files = of(why);
  expect(files.length).toBeGreaterThan(0);
  for (const { why: whole, name, bytes } of files) expect(rules, `${whole} (${name})`).toContain(await ruled(name, bytes));
});

it('takes sound and video as programs, browsers and phones write them', async () => {
  const good = {
    'x.flac': flac(),
    'tagged.flac': Buffer.concat([id3(300), flac()]),
    'x.mp3': Buffer.concat([MP3_FRAME, MP3_FRAME]),
    'tagged.mp3': Buffer.concat([id3(300), MP3_FRAME, MP3_FRAME, MP3_FRAME.subarray(9)]),
    'x.ogg': ogg(),
    'phone.ogg': ogg({ saysItsEnd: false }),
    'x.webm': webm(),
    'browser.webm': webm({ live: true }),
  };
  const types: Readonly<Record<string, string>> = { '.flac': 'audio/flac', '.mp3': 'audio/mpeg', '.ogg': 'audio/ogg', '.webm': 'video/webm' };
  for (const [name, bytes] of Object.entries(good)) expect(await ruled(name, bytes), name).toBe(`taken as ${types[extname(name)]}`);
});

it('takes pictures with as many frames as are made, and a PNG of one', async () => {
  expect(await look('x.gif', gif(2_000, 2_000, 15))).toBe('image/gif');
  expect(await look('x.webp', webp(2_000, 2_000, 11))).toBe('image/webp');
  expect(await look('x.png', apng(9, 9, 1))).toBe('image/png');
});

it('takes office files with others in them, with links to any page, and with parts of any size', async () => {
  const link = (to: string) => `<Relationships><Relationship Id="a" Type="http://x/relationships/hyperlink" Target="${to}"/></Relationships>`;
  const parts = {
    'word/embeddings/sheet.xlsx': { data: zip({ a: 'b' }), stored: true },
    'word/embeddings/sheet2.xlsx': zip({ a: 'b' }).toString('latin1'),
    'word/_rels/document.xml.rels': link('https://example.org/activeX/vbaProject?a=&#10;b'),
    'word/large.xml': { data: Buffer.alloc(3_000_000, 'abcdefghijklmnop <w:t>') },
    'word/empty.xml': { data: Buffer.alloc(0) },
    'word/media/': { data: Buffer.alloc(0), stored: true },
  };
  expect(await look('x.docx', docx(parts))).toContain('wordprocessingml');
  expect(await look('x.odt', odt(parts))).toContain('opendocument.text');
});
