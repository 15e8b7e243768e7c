import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Operation, violations } from './history.fixture.ts';

const T = { position: '' };
const read = (begun: number, ended: number, ...ids: string[]): Operation => ({ begun, ended, did: { read: ids } });
const appended = (begun: number, ended: number, id: string, revision: number): Operation => ({
  ...{ begun, ended },
  did: { append: [id], expected: revision - 1, answer: { revision, ...T } },
});

it.each<[what: string, log: string[], operations: Operation[]]>([
  ['a read that ended before the append began, and saw it', ['a'], [read(0, 1, 'a'), appended(2, 3, 'a', 0)]],
  ['a read that began after the append was answered, and did not see it', ['a'], [appended(0, 1, 'a', 0), read(2, 3)]],
  ['a read that saw less than one before it', ['a'], [appended(0, 9, 'a', 0), read(1, 2, 'a'), read(3, 4)]],
  ['an answered append that is not there', [], [appended(0, 1, 'a', 0)]],
  ['an event that nobody appended', ['a'], []],
  ['an event that is there twice', ['a', 'a'], [appended(0, 1, 'a', 0)]],
  ['an append that came behind a later one', ['b', 'a'], [appended(0, 1, 'a', 1), appended(2, 3, 'b', 0)]],
  [
    'half of an append',
    ['a', 'b'],
    [{ begun: 0, ended: 9, did: { append: ['a', 'b'], expected: -1, answer: { revision: 1, ...T } } }, read(1, 2, 'a')],
  ],
  ['one that was told that nothing was recorded', ['a'], [{ begun: 0, ended: 1, did: { append: ['a'], expected: -1, answer: 'nothing' } }]],
  ['one that was refused at the revision it expected', [], [{ begun: 0, ended: 1, did: { append: ['a'], expected: -1, answer: { actual: -1 } } }]],
  [
    'a refusal at a revision that came later',
    ['a'],
    [{ begun: 0, ended: 1, did: { append: ['b'], expected: 5, answer: { actual: 0 } } }, appended(2, 3, 'a', 0)],
  ],
])('%s is found', (_what, log, operations) => {
  expect(violations(log, operations)).not.toEqual([]);
});

it('an append of unknown fate may be missing, may be there, and may have come after it was given up', () => {
  const unknown: Operation = { begun: 0, ended: 1, did: { append: ['a'], expected: -1, answer: 'unknown' } };
  expect(violations([], [unknown, read(2, 3)])).toEqual([]);
  expect(violations(['a'], [unknown, read(2, 3)])).toEqual([]);
  expect(violations(['a'], [unknown, read(2, 3, 'a'), read(4, 5)])).not.toEqual([]);
});

/** By trying every order that keeps to the times. */
function isLinearizable(log: readonly string[], open: readonly Operation[], state: readonly string[] = []): boolean {
  if (open.length === 0) return state.join() === log.join();
  return open.some((one, index) => {
    const rest = open.toSpliced(index, 1);
    if (rest.some(({ ended, did }) => (isUnknown(did) ? Number.POSITIVE_INFINITY : ended) < one.begun)) return false;
    return after(one.did, state).some((next) => isLinearizable(log, rest, next));
  });
}

const isUnknown = (did: Operation['did']) => 'append' in did && did.answer === 'unknown';

/** The states that there may be after an operation: none where it cannot have been so. */
function after(did: Operation['did'], state: readonly string[]): (readonly string[])[] {
  if ('read' in did) return did.read.join() === state.join() ? [state] : [];
  const isNext = did.expected === state.length - 1;
  const done = [...state, ...did.append];
  if (did.answer === 'unknown') return isNext ? [state, done] : [state];
  if (did.answer === 'nothing') return [state];
  if ('actual' in did.answer) return !isNext && did.answer.actual === state.length - 1 ? [state] : [];
  return isNext && did.answer.revision === done.length - 1 ? [done] : [];
}

const KINDS = ['append', 'append', 'unknown', 'lost', 'read', 'refused'] as const;

/** What an operation of this kind does to a stream, which is changed, and is told. */
function done(kind: (typeof KINDS)[number], log: string[], ids: string[]): Operation['did'] {
  if (kind === 'read') return { read: [...log] };
  const expected = log.length - 1;
  if (kind === 'refused') return { append: ids, expected: expected + 4, answer: { actual: expected } };
  if (kind !== 'lost') log.push(...ids);
  return { append: ids, expected, answer: kind === 'append' ? { revision: log.length - 1, ...T } : 'unknown' };
}

it('finds the same as trying every order, of any few operations at any times', () => {
  const one = fc.record({
    kind: fc.constantFrom(...KINDS),
    size: fc.integer({ min: 1, max: 2 }),
    early: fc.nat(25),
    late: fc.nat(25),
    moved: fc.integer({ min: -30, max: 30 }),
  });
  const counts = { good: 0, bad: 0 };
  fc.assert(
    fc.property(fc.array(one, { maxLength: 5 }), fc.boolean(), (all, isMoved) => {
      const log: string[] = [];
      const operations = all.map(({ kind, size, early, late, moved }, index): Operation => {
        const at = index * 10 + (isMoved ? moved : 0);
        const ids = Array.from({ length: size }, (_, n) => `${index}.${n}`);
        return { begun: at - early, ended: at + late, did: done(kind, log, ids) };
      });
      const found = violations(log, operations);
      expect(found.length === 0, found.join()).toBe(isLinearizable(log, operations));
      if (!isMoved) expect(found).toEqual([]);
      counts[found.length === 0 ? 'good' : 'bad']++;
    }),
    { numRuns: 1_000 },
  );
  expect(Math.min(counts.good, counts.bad)).toBeGreaterThan(20);
});
