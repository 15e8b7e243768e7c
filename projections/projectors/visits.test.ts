import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { ERASED } from '../../contracts/personal.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { visits } from './visits.ts';

const expected = { type: 'VisitorExpected' };
const walkedIn = { type: 'VisitorWalkedIn' };
const arrived = { type: 'VisitorArrived' };
const left = { type: 'VisitorLeft' };
const missed = { type: 'VisitorMissed' };
const refused = { type: 'VisitorRefused' };
const erased = { type: 'VisitErased' };
const example = exampleEvent('VisitorExpected').data as { site: string; host: string; until: string };

describe('a visit', () => {
  it('is expected, then here, then gone', () => {
    given(visits, expected).becomes({ name: 'Vera Blume', status: 'expected', arrivedAt: null, missAt: example.until, overSince: null, revision: 0 });
    given(visits, expected, arrived).becomes({ status: 'arrived', arrivedAt: minute(1), missAt: null, overSince: example.until });
    given(visits, expected, arrived, left).becomes({ status: 'left', arrivedAt: minute(1), leftAt: minute(2), overSince: minute(2), revision: 2 });
  });
  it('of who is not expected begins when they come', () =>
    given(visits, walkedIn).becomes({ status: 'arrived', from: minute(0), until: null, arrivedAt: minute(0), overSince: minute(0) }));
  it('ends without an arrival', () => {
    given(visits, expected, missed).becomes({ status: 'missed', missAt: null, overSince: minute(1) });
    given(visits, expected, refused).becomes({ status: 'refused', reason: 'No photo identification' });
  });
  it('is found by words of the name, by the plate however it is written, and by who sees it', () => {
    const document = folded(visits, stream(expected));
    expect(document?.words).toEqual(['vera', 'blume', 'b', 'vb', '2027', 'bvb2027']);
    expect(document?.seenBy).toEqual([`site:${example.site}`, `user:${example.host}`]);
  });
  it('has nothing left of who came once it is erased, and keeps its numbers', () => {
    const document = folded(visits, stream(expected, refused, erased));
    expect(document).toMatchObject({
      name: ERASED,
      plate: null,
      email: null,
      reason: ERASED,
      erased: true,
      words: [],
      overSince: null,
      people: 2,
      status: 'refused',
    });
    expect(JSON.stringify(document)).not.toMatch(/vera|blume|2027"|photo/i);
  });
  it('that is erased is the same, made anew of sealed events whose key is gone', () => {
    const gone = { type: 'VisitorExpected', data: { name: ERASED, plate: ERASED, email: 'erased@erased.invalid' } };
    const refusedThen = { type: 'VisitorRefused', data: { reason: ERASED } };
    expect(folded(visits, stream(gone, refusedThen, erased))).toEqual(folded(visits, stream(expected, refused, erased)));
  });
  it('does not arrive without being expected', () => given(visits, arrived).outOfPlace());
});
