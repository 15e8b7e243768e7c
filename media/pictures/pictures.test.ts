import { readFile, stat, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MadePicture } from './messages.ts';
import { asOfPhone, flatPng, halves, moving, pictureFolder, truncate } from './pictures.fixture.ts';
import { openPictures, type Pictures } from './pictures.ts';

let place: Awaited<ReturnType<typeof pictureFolder>>;
let pictures: Pictures;
const signal = new AbortController().signal;

beforeEach(async () => {
  place = await pictureFolder();
  pictures = openPictures({ children: 1 });
});
afterEach(async () => {
  await pictures.close();
  await place.remove();
});

/** Makes all sizes of a file of the test's folder; what was made, in the order in which it was told. */
async function sizesOf(name: string, type: string): Promise<MadePicture[]> {
  const made: MadePicture[] = [];
  await pictures.render({ path: place.path(name), type, folder: place.folder, without: [] }, (one) => made.push(one), signal);
  return made;
}

/** The colour of a pixel of what was made, as [red, green, blue]. */
async function colourAt({ path }: MadePicture, x: number, y: number): Promise<number[]> {
  const pixel = await sharp(path).extract({ left: x, top: y, width: 1, height: 1 }).removeAlpha().raw().toBuffer();
  return [...pixel];
}

const last = (made: MadePicture[]) => made.at(-1) as MadePicture;

describe('a picture', () => {
  it('is made in its sizes, the smallest first, none enlarged, and in full in its own format', async () => {
    await halves(2_400, 1_200).jpeg().toFile(place.path('x'));
    const made = await sizesOf('x', 'image/jpeg');
    expect(made.map(({ size, type, width, height }) => [size, type, width, height])).toEqual([
      ['320', 'image/webp', 320, 160],
      ['1024', 'image/webp', 1_024, 512],
      ['2048', 'image/webp', 2_048, 1_024],
      ['full', 'image/jpeg', 2_400, 1_200],
    ]);
    for (const { path, bytes } of made) expect((await stat(path)).size).toBe(bytes);
  });

  it.each([
    [100, ['320', 'full'], [100, 100]],
    [320, ['320', 'full'], [320, 320]],
    [321, ['320', '1024', 'full'], [320, 321, 321]],
    [1_025, ['320', '1024', '2048', 'full'], [320, 1_024, 1_025, 1_025]],
  ])('of %i pixels has the sizes %j', async (edge, sizes, widths) => {
    await halves(edge, 10).png().toFile(place.path('x'));
    const made = await sizesOf('x', 'image/png');
    expect(made.map(({ size }) => size)).toEqual(sizes);
    expect(made.map(({ width }) => width)).toEqual(widths);
  });

  it('has only the sizes made that are missing', async () => {
    await halves(2_400, 20).png().toFile(place.path('x'));
    const made: string[] = [];
    const job = { path: place.path('x'), type: 'image/png', folder: place.folder, without: ['320', '2048'] as const };
    await pictures.render(job, ({ size }) => made.push(size), signal);
    expect(made).toEqual(['1024', 'full']);
  });

  it('of a phone is upright in every size, and has neither place nor camera nor any other metadata', async () => {
    await asOfPhone(halves(600, 400)).jpeg({ quality: 95 }).toFile(place.path('x'));
    const before = await sharp(place.path('x')).metadata();
    expect([before.orientation, before.exif?.includes('Phone')]).toEqual([6, true]);
    const made = await sizesOf('x', 'image/jpeg');
    expect(last(made)).toMatchObject({ width: 400, height: 600 });
    for (const one of made) {
      const { orientation, exif, xmp, iptc, icc, comments } = await sharp(one.path).metadata();
      expect([orientation, exif, xmp, iptc, icc, comments]).toEqual(Array(6).fill(undefined));
      const [[topRed = 0], [, , bottomBlue = 0]] = [await colourAt(one, 5, 5), await colourAt(one, 5, one.height - 5)];
      expect(Math.min(topRed, bottomBlue)).toBeGreaterThan(200);
    }
  });

  it('with the colours of a wider space is sRGB, and looks the same', async () => {
    const green = sharp({ create: { width: 50, height: 50, channels: 3, background: { r: 40, g: 200, b: 60 } } });
    await green.withIccProfile('p3').png().toFile(place.path('x'));
    const { channels: stored } = await sharp(place.path('x'), { ignoreIcc: true }).stats();
    expect(Math.abs((stored[0]?.mean ?? 0) - 40)).toBeGreaterThan(12);
    const made = last(await sizesOf('x', 'image/png'));
    const { icc, space } = await sharp(made.path).metadata();
    expect([icc, space]).toEqual([undefined, 'srgb']);
    const [red = 0, green2 = 0] = await colourAt(made, 10, 10);
    expect(Math.abs(red - 40) + Math.abs(green2 - 200)).toBeLessThan(12);
  });

  it('in inks, as printers have it, is sRGB', async () => {
    await halves(60, 40).toColourspace('cmyk').jpeg().toFile(place.path('x'));
    expect((await sharp(place.path('x')).metadata()).space).toBe('cmyk');
    for (const { path } of await sizesOf('x', 'image/jpeg')) expect(await sharp(path).metadata()).toMatchObject({ space: 'srgb', channels: 3 });
  });

  it('of 16 bits for each colour has 8', async () => {
    await halves(60, 40).toColourspace('rgb16').png().toFile(place.path('x'));
    expect((await sharp(place.path('x')).metadata()).depth).toBe('ushort');
    for (const { path } of await sizesOf('x', 'image/png')) expect((await sharp(path).metadata()).depth).toBe('uchar');
  });

  it('that a browser shows while it loads is taken, upright too', async () => {
    await halves(600, 400).withMetadata({ orientation: 8 }).jpeg({ progressive: true }).toFile(place.path('x'));
    expect(last(await sizesOf('x', 'image/jpeg'))).toMatchObject({ width: 400, height: 600 });
  });

  it.each(['gif', 'webp'] as const)('that moves, as a %s, moves in full, and stands still in the small sizes', async (format) => {
    const frames = await moving(['#ff0000', '#00ff00', '#0000ff'], 400, 300);
    await frames.toFormat(format).toFile(place.path('x'));
    const made = await sizesOf('x', `image/${format}`);
    expect(made.map(({ size, type, width, height }) => [size, type, width, height])).toEqual([
      ['320', 'image/webp', 320, 240],
      ['1024', 'image/webp', 400, 300],
      ['full', `image/${format}`, 400, 300],
    ]);
    expect(await Promise.all(made.map(async ({ path }) => (await sharp(path).metadata()).pages ?? 1))).toEqual([1, 1, 3]);
  });
});

describe('a picture is refused', () => {
  it.each(['jpeg', 'png', 'webp', 'gif'] as const)('as damaged where a %s broke off, and the next picture is made', async (format) => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    await sharp({ create: { width: 600, height: 400, channels: 3, background: '#888', noise } })
      .toFormat(format)
      .toFile(place.path('whole'));
    await truncate(place.path('whole'), place.path('x'), 0.6);
    await expect(sizesOf('x', `image/${format}`)).rejects.toMatchObject({ name: 'FileRefused', rule: 'damaged' });
    expect(await sizesOf('whole', `image/${format}`)).not.toEqual([]);
    expect(pictures.done()).toMatchObject({ made: 1, failed: 1 });
  });

  it.each([
    ['a flat PNG of 20,000 × 20,000 pixels', flatPng(20_000, 20_000)],
    ['a PNG that says so and has one line', flatPng(100_000, 100_000, 1)],
    ['a PNG of one line and the greatest length', flatPng(2_147_483_647, 1, 0)],
  ])('for its dimensions before it is decoded: %s', async (_, bytes) => {
    await writeFile(place.path('x'), bytes);
    await expect(sizesOf('x', 'image/png')).rejects.toMatchObject({ name: 'FileRefused' });
    expect(pictures.done().made).toBe(0);
  });

  it('for its frames where they are too many, or have too many pixels together', async () => {
    const colours = (count: number) => Array.from({ length: count }, (_, n) => `#${((n * 0x61_29_17) % 0x1_00_00_00).toString(16).padStart(6, '0')}`);
    await (await moving(colours(1_001), 2, 2)).gif({ keepDuplicateFrames: true }).toFile(place.path('x'));
    await expect(sizesOf('x', 'image/gif')).rejects.toMatchObject({ rule: 'frames' });
    await (await moving(colours(12), 2_000, 2_000)).webp({ effort: 0 }).toFile(place.path('y'));
    await expect(sizesOf('y', 'image/webp')).rejects.toMatchObject({ rule: 'frames' });
  });

  it.each(['image/svg+xml', 'image/tiff', 'image/avif'])('where it is a lie that it is a PNG: %s', async (type) => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    const bytes =
      type === 'image/svg+xml'
        ? Buffer.from(svg)
        : await halves(20, 20)
            .toFormat(type.slice(6) as 'tiff')
            .toBuffer();
    await writeFile(place.path('x'), bytes);
    await expect(sizesOf('x', 'image/png')).rejects.toMatchObject({ name: 'FileRefused' });
    await expect(sizesOf('x', type)).rejects.toMatchObject({ rule: 'type' });
  });

  it('where it is another kind of picture than was said', async () => {
    await halves(20, 20).jpeg().toFile(place.path('x'));
    await expect(sizesOf('x', 'image/png')).rejects.toMatchObject({ rule: 'type' });
  });
});

it('a picture that cannot be written is no fault of the picture', async () => {
  await halves(20, 20).jpeg().toFile(place.path('x'));
  const job = { path: place.path('x'), type: 'image/jpeg', folder: place.path('none'), without: [] };
  await expect(pictures.render(job, vi.fn(), signal)).rejects.toMatchObject({ name: 'PictureFailed' });
  expect((await readFile(place.path('x'))).length).toBeGreaterThan(0);
});
