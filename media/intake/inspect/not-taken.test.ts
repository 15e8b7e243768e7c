import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { png } from '../../../system/pictures.fixture.ts';
import { FileRefused } from '../../file-refused.ts';
import { inspect } from './inspect.ts';
import { TYPES } from './kinds.ts';
import { checkExtension } from './not-taken.ts';

const refusal = (extension: string): FileRefused | undefined => {
  try {
    checkExtension(extension);
  } catch (error) {
    return error as FileRefused;
  }
};

it('takes every extension of a type that is taken, and a name without any', () => {
  for (const extension of ['', ...Object.values(TYPES).flat()]) expect(refusal(extension), extension).toBeUndefined();
});

it('refuses every other extension, in words', () => {
  const known = new Set(Object.values(TYPES).flat());
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{1,10}$/), (extension) => {
      fc.pre(!known.has(extension));
      expect(refusal(extension)).toBeInstanceOf(FileRefused);
    }),
  );
});

it.each([
  ['heic', 'type', 'Most Compatible'],
  ['avif', 'type', 'as JPEG'],
  ['svg', 'type', 'Upload a picture of it'],
  ['html', 'type', 'Upload a picture of it'],
  ['doc', 'type', 'as docx'],
  ['rtf', 'type', 'as PDF'],
  ['zip', 'archive', 'one by one'],
  ['tgz', 'archive', 'one by one'],
  ['docm', 'macros', 'without'],
  ['exe', 'extension', 'names end so'],
])('says of .%s what helps, by the rule “%s”', (extension, rule, words) => {
  expect(refusal(extension)).toMatchObject({ rule, message: expect.stringContaining(words) });
});

it('says nothing of a name, since a refusal of a posted file is recorded: neither by that alone nor by what is in the file', async () => {
  fc.assert(
    fc.property(fc.stringMatching(/^zq[a-z0-9]{2,8}$/), (extension) => {
      expect(refusal(extension)?.message).not.toContain(extension);
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'named-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  for (const bytes of [
    png(4, 4),
    Buffer.from('a text'),
    Buffer.from([0xff, 0xfe, 0, 1, 2]),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  ]) {
    writeFileSync(path, bytes);
    const refused = await inspect({ path, extension: 'zqanna', hasMarks: false }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FileRefused);
    expect(String(refused)).not.toContain('zqanna');
  }
});
