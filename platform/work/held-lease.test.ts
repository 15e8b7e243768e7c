import { afterEach, expect, it, vi } from 'vitest';
import { type HeldLease, holdLease, type LeaseTerms } from './held-lease.ts';

const NOW = Date.parse('2026-11-21T09:00:00.000Z');
let held: HeldLease;
afterEach(() => held.letGo());

function hold(terms: Partial<LeaseTerms>): HeldLease {
  const lease = terms.lease ?? 60_000;
  held = holdLease({
    ...{ lease, longest: 60_000, since: performance.now(), ending: new AbortController().signal },
    ...{ now: () => new Date(NOW), clock: () => performance.now(), renew: async () => true },
    ...terms,
  });
  return held;
}
const why = () => (held.over.reason as Error).message;

it('a lease is renewed again and again, each time for its whole length, until it is let go', async () => {
  const asked: string[] = [];
  hold({ lease: 30, renew: async (until) => asked.push(until) > 0 });
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(3));
  expect(new Set(asked)).toEqual(new Set([new Date(NOW + 30).toISOString()]));
  expect([held.over.aborted, held.isLost(), await held.isSure()]).toEqual([false, false, true]);
  held.letGo();
});

it('the attempt is over as soon as a renewal says that somebody else has the item', async () => {
  hold({ lease: 30, renew: async () => false });
  await vi.waitFor(() => expect(held.over.aborted).toBe(true));
  expect([held.isLost(), await held.isSure(), why()]).toEqual([true, false, expect.stringContaining('another worker')]);
});

it('a renewal that could not be recorded is repeated as the same one, and the attempt is over where it cannot before the lease is', async () => {
  const asked: string[] = [];
  let now = NOW;
  hold({
    lease: 300,
    now: () => new Date(now++),
    renew: (until) => {
      asked.push(until);
      return Promise.reject(new Error('away'));
    },
  });
  await vi.waitFor(() => expect(held.over.aborted).toBe(true));
  expect([held.isLost(), new Set(asked).size, why()]).toEqual([true, 1, expect.stringContaining('could not be renewed')]);
});

it('an attempt that takes longer than it may is over, and its lease still holds', async () => {
  hold({ longest: 1 });
  await vi.waitFor(() => expect(held.over.aborted).toBe(true));
  expect([held.isLost(), why()]).toEqual([false, 'it took longer than 1 ms']);
});

it('an attempt is over when its process must end, also where that was before', async () => {
  const ending = new AbortController();
  hold({ ending: ending.signal });
  expect(held.over.aborted).toBe(false);
  ending.abort();
  expect([held.over.aborted, held.isLost(), why()]).toEqual([true, false, 'its worker had to end']);
  held.letGo();
  expect(hold({ ending: ending.signal }).over.aborted).toBe(true);
});

it.each([0, 3_600_000, -3_600_000])('a clock that is set by %d ms makes no doubt of a lease, a sleep does: it is renewed', async (step) => {
  let [now, clock, renewals] = [NOW, 0, 0];
  hold({ since: 0, now: () => new Date(now), clock: () => clock, renew: async () => ++renewals > 0 });
  now += step;
  expect([await held.isSure(), renewals]).toEqual([true, 0]);
  clock += 3_600_000;
  expect([await held.isSure(), renewals]).toEqual([true, 1]);
});
