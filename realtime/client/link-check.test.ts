import { expect, it } from 'vitest';
import { untold } from './link-check.ts';

it('takes a link of which the server cannot tell for ended where its own form was refused, and not where that of the link before it was', () => {
  const refused = { purpose: 'reset', token: 'c0de' } as const;
  expect(untold(refused, undefined)).toBe('good');
  expect(untold({ ...refused }, refused)).toBe('ended');
  expect(untold({ purpose: 'reset', token: 'the next' }, refused)).toBe('good');
  expect(untold({ purpose: 'confirm', token: 'c0de' }, refused)).toBe('good');
});
