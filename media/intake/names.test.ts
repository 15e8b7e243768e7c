import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSeen } from '../../contracts/typed-text.ts';
import { cleanName, extensionOf } from './names.ts';

it('keeps of a name the last part of its path, without what is not seen', () => {
  expect(cleanName('C:\\temp\\..\\photo.JPG', 'jpg')).toBe('photo.JPG');
  expect(cleanName('../../etc/passwd', 'txt')).toBe('passwd.txt');
  expect(cleanName('invoice\u202egpj.pdf', 'pdf')).toBe('invoicegpj.pdf');
  expect(cleanName('a\0b\u200bc\n.png', 'png')).toBe('abc.png');
  expect(cleanName('می\u200cخواهم 👩\u200d🔧.png', 'png')).toBe('می\u200cخواهم 👩\u200d🔧.png');
  expect(cleanName('\u3164.png', 'png')).toBe('png.png');
  expect(cleanName('\u0301.png', 'png')).toBe('file.png');
  expect(cleanName('', 'png')).toBe('file.png');
  expect(cleanName('...', 'gif')).toBe('file.gif');
  expect(cleanName('.png', 'png')).toBe('png.png');
  expect(cleanName(`${'ä'.repeat(10_000)}.docx`, 'docx')).toBe(`${'ä'.repeat(195)}.docx`);
});

it('gives every name at most 200 characters, a kept extension, and nothing that leads elsewhere', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0x10ffff), { maxLength: 250 }), (points) => {
      const name = String.fromCodePoint(...points);
      const clean = cleanName(name, 'png');
      expect(clean.length).toBeLessThanOrEqual(200);
      expect(clean).not.toMatch(/[/\\\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      expect(isSeen(clean)).toBe(true);
      expect(clean).toMatch(/^[^.]/);
      expect(extensionOf(clean)).toBe(extensionOf(name) || 'png');
    }),
    { numRuns: 50 },
  );
});
