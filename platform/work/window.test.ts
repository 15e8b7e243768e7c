import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OFFERS as QUEUE } from '../event-bus/queues.fixture.ts';
import { openOfferWindow } from './window.ts';

describe('a window', () => {
  it('gives what is due, once, and keeps it as offered', () => {
    const window = openOfferWindow(10);
    window.put('a', QUEUE, 5);
    window.put('b', QUEUE, 15);
    expect(window.takeDue(10, 100).map(([stream]) => stream)).toEqual(['a']);
    expect([window.takeDue(10, 100), window.earliest(), window.get('a')?.offered]).toEqual([[], 15, true]);
  });
  it('tells for how long what is due or offered has waited', () => {
    const window = openOfferWindow(10);
    for (const [stream, due, recorded] of [
      ['a', 5, '2026-01-02'],
      ['b', 6, '2026-01-01'],
      ['c', 9, '2025-01-01'],
    ] as const)
      window.put(stream, QUEUE, due, { recorded });
    expect([window.oldest(4), window.oldest(5), window.oldest(6)]).toEqual([undefined, '2026-01-02', '2026-01-01']);
    window.takeDue(9, 100);
    expect(window.oldest(10)).toBe('2025-01-01');
  });
  it('that is full lets what is due later give way', () => {
    const window = openOfferWindow(2);
    expect([window.put('a', QUEUE, 5), window.put('b', QUEUE, 50)]).toEqual([Infinity, Infinity]);
    expect(window.put('c', QUEUE, 10)).toBe(50);
    expect(['a', 'b', 'c'].filter(window.has)).toEqual(['a', 'c']);
    expect(window.put('d', QUEUE, 60)).toBe(60);
    expect(window.has('d')).toBe(false);
  });
  it('keeps what was offered, so that offers out are bounded', () => {
    const window = openOfferWindow(1);
    window.put('a', QUEUE, 5);
    window.takeDue(5, 1_000);
    expect([window.put('b', QUEUE, 6), window.has('a')]).toEqual([6, true]);
  });
  it('offers half of what a queue may hold, the rest as there is room, and waits for nothing that has none', () => {
    const window = openOfferWindow(10);
    const small = { ...QUEUE, name: 'small', limit: 4 };
    for (const stream of ['a', 'b', 'c', 'd']) window.put(stream, small, 5);
    window.put('other', QUEUE, 6);
    const offered = (now: number) => window.takeDue(now, now + 100).map(([stream]) => stream);
    expect([offered(10), window.crowded, window.out(small), window.earliest()]).toEqual([['a', 'b', 'other'], true, 2, 110]);
    window.put('a', small, 500);
    expect([window.earliest(), offered(20), window.crowded]).toEqual([5, ['c'], true]);
    window.delete('b');
    window.delete('c');
    expect([offered(30), window.crowded, window.out(small)]).toEqual([['d'], false, 1]);
  });
  it('gives what was offered and is due again, those first that were offered first', () => {
    const window = openOfferWindow(10);
    for (const [index, stream] of ['b', 'a'].entries()) {
      window.put(stream, QUEUE, index);
      window.takeDue(index, index + 100);
    }
    const overdue = (now: number) => window.takeOverdue(now, now + 100).map(([stream]) => stream);
    expect([overdue(99), overdue(150), overdue(151), window.earliest()]).toEqual([[], ['b', 'a'], [], 250]);
  });
  it('is not busy with what is due some time', () => {
    const window = openOfferWindow(4);
    for (const stream of ['a', 'b', 'c', 'd']) window.put(stream, QUEUE, 100);
    expect([window.isBusy(99), window.isBusy(100)]).toEqual([false, true]);
    window.takeDue(100, 200);
    expect(window.isBusy(100)).toBe(true);
  });
  it('never holds more than it may, and of what was not offered it holds what is due first', () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 1_000 }), { maxLength: 50 }), fc.integer({ min: 1, max: 20 }), (dues, limit) => {
        const window = openOfferWindow(limit);
        for (const due of dues) window.put(String(due), QUEUE, due + 1);
        const first = dues.toSorted((a, b) => a - b).slice(0, limit);
        expect([window.size, dues.filter((due) => window.has(String(due))).toSorted((a, b) => a - b)]).toEqual([first.length, first]);
      }),
    ));
});
