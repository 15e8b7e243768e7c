import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openHeard } from './heard.ts';

const at = (n: number) => String(n).padStart(6, '0');
const remembered = (heard: ReturnType<typeof openHeard>) => [...heard.items()].map(([stream]) => stream).toSorted();

it('law: of whatever came after `since` each item is remembered, at most so many of them, and what is folded is not', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ stream: fc.integer({ max: 9, min: 0 }) }) },
    fc.record({ folded: fc.integer({ min: 0, max: 40 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, most) => {
      const heard = openHeard(most);
      const newest = new Map<string, string>();
      let [n, folded] = [0, ''];
      for (const one of steps) {
        if ('folded' in one) {
          const to = at(Math.min(one.folded, n));
          heard.foldedTo(to);
          if (to > folded) folded = to;
        } else {
          newest.set(`item-${one.stream}`, at(++n));
          heard.note(`item-${one.stream}`, at(n), n);
        }
        heard.trim();
        const later = [...newest].filter(([, position]) => position > heard.since).map(([stream]) => stream);
        expect(remembered(heard)).toEqual(later.toSorted());
        expect(heard.size).toBeLessThanOrEqual(most);
        expect(heard.since >= folded).toBe(true);
      }
    }),
  );
});

it('has what waits for a time due at once where the clock was set, and what is decided never', () => {
  const heard = openHeard(2);
  heard.note('a', at(1), 5_000);
  heard.note('b', at(2), Number.POSITIVE_INFINITY);
  heard.hurry();
  expect([...heard.items()]).toEqual([
    ['a', Number.NEGATIVE_INFINITY],
    ['b', Number.POSITIVE_INFINITY],
  ]);
});

it('begins anew at a position, and notes nothing before it', () => {
  const heard = openHeard(2);
  heard.note('a', at(1), 1);
  heard.begin(at(3));
  heard.note('b', at(2), 2);
  expect([heard.size, heard.since, heard.has('a'), heard.has('b')]).toEqual([0, at(3), false, false]);
});
