import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { searchFiles } from './erasure-search.fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'search-'));
});
afterEach(() => rm(folder, { recursive: true }));

const NAME = 'Jérôme "Jo" Ångström';

describe('a search of files', () => {
  it('finds a text in folders below, with its file and place, and nothing where there is none', async () => {
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await writeFile(join(folder, 'a', 'b', 'one'), `0123456789${NAME}`);
    await writeFile(join(folder, 'a', 'two'), 'nothing of that kind');
    expect(await searchFiles([folder], [NAME, 'another'])).toContainEqual({
      file: join(folder, 'a', 'b', 'one'),
      offset: 10,
      text: NAME,
      as: 'UTF-8',
    });
    expect(await searchFiles([join(folder, 'missing')], [NAME])).toEqual([]);
    await rm(join(folder, 'a', 'b', 'one'));
    expect(await searchFiles([folder], [NAME])).toEqual([]);
  });

  it('finds it in the name of a file', async () => {
    await writeFile(join(folder, 'anna@example.org.json'), '');
    expect(await searchFiles([folder], ['anna@example.org'])).toContainEqual({
      ...{ file: join(folder, 'anna@example.org.json'), offset: -1, text: 'anna@example.org' },
      as: 'UTF-8',
    });
  });

  it('finds it in lower case, as search words are, and where a page ends in the middle of it', async () => {
    await writeFile(join(folder, 'words'), NAME.toLowerCase());
    expect(await searchFiles([folder], [NAME])).not.toEqual([]);
    for (let at = 0; at <= NAME.length; at++) {
      await writeFile(join(folder, 'words'), `${NAME.slice(0, at)}\0\0\0\x07${NAME.slice(at)}`);
      expect({ at, found: (await searchFiles([folder], [NAME])).length > 0 }).toEqual({ at, found: true });
    }
  });

  it('finds it however it is written, wherever it stands and however a file is read', async () => {
    const ways: Record<string, (before: string, text: string) => Buffer> = {
      'UTF-8': (before, text) => Buffer.from(before + text),
      'UTF-16LE': (before, text) => Buffer.from(before + text, 'utf16le'),
      'UTF-16BE': (before, text) => Buffer.from(before + text, 'utf16le').swap16(),
      JSON: (before, text) => Buffer.from(JSON.stringify({ [before]: text })),
      base64: (before, text) => Buffer.from(Buffer.from(`${before}${text}after`).toString('base64')),
      base64url: (before, text) => Buffer.from(Buffer.from(`${before}${text}after`).toString('base64url')),
      hexadecimal: (before, text) => Buffer.from(Buffer.from(before + text).toString('hex')),
      'percent signs': (before, text) => Buffer.from(encodeURIComponent(before + text)),
    };
    const before = fc.string({ unit: fc.constantFrom(...'xyzé/'), maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(ways)), before, fc.integer({ min: 1, max: 64 }), async (way, some, chunk) => {
        await writeFile(join(folder, 'one'), ways[way]?.(some, NAME) ?? '');
        const found = await searchFiles([folder], [NAME], chunk);
        expect({ way, texts: new Set(found.map(({ text }) => text)) }).toEqual({ way, texts: new Set([NAME]) });
      }),
      { numRuns: 150 },
    );
  });
});
