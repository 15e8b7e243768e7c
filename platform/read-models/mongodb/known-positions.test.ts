import { expect, it } from 'vitest';
import { openKnownPositions } from './known-positions.ts';

const [TURN, OTHER] = [{}, {}];
const a = { id: 'a', position: '1' };

it('knows what was read since the last turn, also that a document is not there', () => {
  const known = openKnownPositions();
  known.reading('one', ['a', 'b'], TURN)([a]);
  expect([...known.at('one', TURN)]).toEqual([
    ['a', '1'],
    ['b', null],
  ]);
  expect(known.at('two', TURN).size).toBe(0);
});

it('knows nothing where nobody had a turn, once somebody else had one, and of more documents than it may keep', () => {
  const known = openKnownPositions();
  known.reading('one', ['a'], undefined)([a]);
  expect(known.at('one', TURN).size).toBe(0);
  known.reading('one', ['a'], TURN)([a]);
  expect(known.at('one', OTHER).size).toBe(0);
  known.reading(
    'two',
    Array.from({ length: 1_001 }, (_, n) => `${n}`),
    TURN,
  )([]);
  expect(known.at('two', TURN).size).toBe(0);
});

it('knows nothing of what was read before a write, or across its beginning or its end', () => {
  const known = openKnownPositions();
  known.reading('one', ['a'], TURN)([a]);
  const across = known.reading('one', ['a'], TURN);
  known.forget('one');
  across([a]);
  expect(known.at('one', TURN).size).toBe(0);
  const within = known.reading('one', ['a'], TURN);
  known.forget('one');
  within([a]);
  expect(known.at('one', TURN).size).toBe(0);
});
