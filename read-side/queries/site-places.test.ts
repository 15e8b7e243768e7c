import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlaceView } from '../../contracts/site.ts';
import { aroundUnits } from './site-places.ts';

/** Trees: each place lies in one before it, or in none. */
const trees = fc.array(fc.nat(), { minLength: 1, maxLength: 30 }).map((parents) =>
  parents.map(
    (n, index): PlaceView => ({
      id: String(index),
      kind: 'place',
      name: 'a',
      parent: n % (index + 1) === 0 ? null : String((n % (index + 1)) - 1),
    }),
  ),
);

describe('the tree around units', () => {
  it('has them, what they lie in and what lies in them', () => {
    const lies: [string, string | null][] = [
      ...([
        ['house', null],
        ['flat', 'house'],
        ['kitchen', 'flat'],
      ] as [string, string | null][]),
      ...([
        ['other', 'house'],
        ['hall', 'other'],
        ['barn', null],
      ] as [string, string | null][]),
    ];
    const all = lies.map(([id, parent]): PlaceView => ({ id, kind: 'place', name: id, parent }));
    expect(aroundUnits(all, ['flat']).map(({ id }) => id)).toEqual(['house', 'flat', 'kitchen']);
    expect(aroundUnits(all, [])).toEqual([]);
  });

  it('is a tree of its own, in which no place is but the units’ ways up and down', () => {
    fc.assert(
      fc.property(trees, fc.nat(), (all, n) => {
        const unit = String(n % all.length);
        const seen = aroundUnits(all, [unit]);
        const ids = seen.map(({ id }) => id);
        expect(ids).toContain(unit);
        for (const { parent } of seen) if (parent !== null) expect(ids).toContain(parent);
        const children = (id: string) => all.filter(({ parent }) => parent === id).map((one) => one.id);
        for (const id of ids) if (id === unit) expect(ids).toEqual(expect.arrayContaining(children(id)));
        expect(aroundUnits(seen, [unit])).toEqual(seen);
      }),
    );
  });

  it('ends where places lie in each other, as a reader of a moving tree may see them', () => {
    const all: PlaceView[] = ['b', 'a'].map((parent, index) => ({ id: 'ab'[index] ?? '', kind: 'place', name: 'a', parent }));
    expect(aroundUnits(all, ['a']).map(({ id }) => id)).toEqual(['a', 'b']);
  });
});
