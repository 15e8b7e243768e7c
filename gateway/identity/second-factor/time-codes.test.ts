import fc from 'fast-check';
import { Secret, TOTP } from 'otpauth';
import { expect, it } from 'vitest';
import { NONE_USED, newTimeSecret, timeSecretUrl, type UsedSteps, useTimeCode } from './time-codes.ts';

const SECRET = newTimeSecret();
const START = 1_800_000_000_000;
const STEP = 30_000;
const codeAt = (time: number) => TOTP.generate({ secret: Secret.fromBase32(SECRET), timestamp: time });

it('a code is that of the vectors of RFC 6238, in six digits', () => {
  const secret = Secret.fromLatin1('12345678901234567890').base32;
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [20_000_000_000, '353130'],
  ] as const)
    expect(useTimeCode(code, secret, new Date(seconds * 1_000), NONE_USED)).not.toBeNull();
});

it('the URL of a secret says to apps what they need', () => {
  const url = new URL(timeSecretUrl(SECRET, 'ann@example.org'));
  expect([url.protocol, url.host, decodeURIComponent(url.pathname)]).toEqual(['otpauth:', 'totp', '/taskledger:ann@example.org']);
  expect(Object.fromEntries(url.searchParams)).toEqual({ issuer: 'taskledger', secret: SECRET, algorithm: 'SHA1', digits: '6', period: '30' });
});

it('a code is good one step before its time and one after it, and no longer', () => {
  const good = [-2, -1, 0, 1, 2].map((drift) => useTimeCode(codeAt(START + drift * STEP), SECRET, new Date(START), NONE_USED) !== null);
  expect(good).toEqual([false, true, true, true, false]);
});

it('a code is good once, whatever clocks show and are set to, and who has a fresh one is never kept waiting', () => {
  const act = fc.record({ move: fc.integer({ min: -40, max: 40 }), drift: fc.integer({ min: -1, max: 1 }) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      let time = START;
      let used: UsedSteps = NONE_USED;
      const taken = new Set<string>();
      for (const { move, drift } of acts) {
        time += move * 10_000;
        const code = codeAt(time + drift * STEP);
        const after = useTimeCode(code, SECRET, new Date(time), used);
        // Two steps may have the same code, which one use of it each may take.
        if (!taken.has(code)) expect(after).not.toBeNull();
        if (taken.has(code)) expect(after === null || after.steps.length === used.steps.length + 1).toBe(true);
        if (after) expect(new Set(after.steps).size).toBe(after.steps.length);
        taken.add(code);
        used = after ?? used;
      }
    }),
    { numRuns: 60 },
  );
});

it('a code stays used after many others, though the clock is set back to its time', () => {
  let used: UsedSteps = NONE_USED;
  for (let n = 0; n < 250; n++) used = useTimeCode(codeAt(START + n * STEP), SECRET, new Date(START + n * STEP), used) ?? used;
  expect(used.steps).toHaveLength(200);
  for (const n of [0, 49, 50, 249]) expect(useTimeCode(codeAt(START + n * STEP), SECRET, new Date(START + n * STEP), used)).toBeNull();
});
