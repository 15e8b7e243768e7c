import { expect, it } from 'vitest';
import { keepTyped, keptSeen } from './typed.ts';

const [ANNA, BEN, PATH] = ['anna', 'ben', '/tasks/1/edit'];

/** A page with one form for each of these: its `data-seen`, and the text that was typed into it. */
const pageOf = (...forms: { seen?: string; typed: string }[]) =>
  ({
    forms: forms.map(({ seen, typed }) => ({
      dataset: { seen },
      querySelectorAll: () => [{ name: 'title', value: typed, defaultValue: '' }],
    })),
  }) as unknown as Document;

it('what is typed is kept with what it is a change of, for its user and its place alone', () => {
  keepTyped(ANNA, pageOf({ typed: 'A comment' }, { seen: '{"revision":3}', typed: 'Ladder' }), PATH);
  expect([keptSeen(ANNA, PATH), keptSeen(BEN, PATH), keptSeen(ANNA, '/tasks/2/edit'), keptSeen(undefined, PATH)]).toEqual([
    '{"revision":3}',
    undefined,
    undefined,
    undefined,
  ]);
});

it('nothing is kept of a form in which nothing was typed', () => {
  keepTyped(ANNA, pageOf({ seen: '{"revision":3}', typed: '' }, { typed: 'A comment' }), PATH);
  expect(keptSeen(ANNA, PATH)).toBeUndefined();
});
