import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FileRefused } from '../../file-refused.ts';
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
