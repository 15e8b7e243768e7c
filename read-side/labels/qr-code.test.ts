import fc from 'fast-check';
import { decodeQR } from 'qr/decode.js';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { qrPng, qrSvg } from './qr-code.ts';

const LINK = 'https://tasks.example.org/fault/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

/** What a reader finds in a picture. */
async function readIn(picture: Buffer): Promise<string> {
  const { data, info } = await sharp(picture)
    .resize(600, 600, { kernel: 'nearest' })
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return decodeQR({ width: info.width, height: info.height, data });
}

it.each([
  ['PNG', qrPng],
  ['SVG', (text: string) => Buffer.from(qrSvg(text))],
])('a code as %s is read by a reader', async (_, drawn) => {
  expect(await readIn(Buffer.from(drawn(LINK)))).toBe(LINK);
});

it('a PNG is one that others open, of the size that its head says', async () => {
  const { format, width, height, depth } = await sharp(qrPng(LINK)).metadata();
  expect([format, width === height, (width ?? 0) % 12, depth]).toEqual(['png', true, 0, 'uchar']);
});

it('a picture of whatever link has no text in it that could be markup', () => {
  fc.assert(
    fc.property(fc.webUrl({ size: 'small' }), (link) => {
      expect(qrSvg(link)).toMatch(/^<svg [^<>]*><path [^<>]*\/><path [^<>]*\/><\/svg>$/);
    }),
    { numRuns: 20 },
  );
});
