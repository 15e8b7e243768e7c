import { expect, it } from 'vitest';
import { oldFiles, withBlocks } from './generate.ts';

it('no block of a document or of settings is old', async () => {
  expect([...(await oldFiles()).keys()]).toEqual([]);
});

it('a block is written between its two lines, and nothing else is touched', () => {
  const text = '# A\n<!-- generated: one -->\nold\nolder\n<!-- end of one -->\nB\n# generated: two\n# end of two\n';
  const wanted = '# A\n<!-- generated: one -->\nnew $&\n<!-- end of one -->\nB\n# generated: two\nmore\n# end of two\n';
  expect(withBlocks(text, { one: 'new $&', two: 'more\n' }, 'a.md')).toBe(wanted);
  expect(withBlocks(wanted, { one: 'new $&' }, 'a.md')).toBe(wanted);
});

it('a block without a place is an error that names both', () => {
  expect(() => withBlocks('nothing', { one: '' }, 'a.md')).toThrow('a.md has no place for the block one');
});
