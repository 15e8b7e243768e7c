/** The tests that limits pass wherever they are counted, as `describeLimits('memory', (options) => openLimits('memory:', options))`. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ProblemError } from '../../../contracts/problem.ts';
import type { LimitOptions, Limits } from './limits.ts';

/** The refusal with which a promise rejects; null where it resolves. */
export function refused(promise: Promise<unknown>): Promise<ProblemError | null> {
  return promise.then(
    () => null,
    (error: ProblemError) => error,
  );
}

/** Runs the suite. `open` gives limits that nobody has used yet. */
export function describeLimits(name: string, open: (options: LimitOptions) => Promise<Limits>): void {
  describe(`limits: ${name}`, () => {
    let limits: Limits;
    const start = async (options: LimitOptions) => {
      limits = await open(options);
    };
    afterEach(() => limits.close());

    it('let through as many as the policy says, and tell how many are left', async () => {
      await start({ registration: 2 });
      expect(await limits.consume('registration', 'a')).toEqual({
        'RateLimit-Policy': '"registration";q=2;w=3600',
        RateLimit: '"registration";r=1;t=3600',
      });
      expect(await limits.consume('registration', 'a')).toMatchObject({ RateLimit: '"registration";r=0;t=3600' });
      const error = await refused(limits.consume('registration', 'a'));
      expect(error).toMatchObject({ code: 'limited', status: 429 });
      expect(error?.headers).toMatchObject({
        'RateLimit-Policy': '"registration";q=2;w=3600',
        RateLimit: expect.stringMatching(/^"registration";r=0;t=\d+$/),
        'Retry-After': expect.stringMatching(/^3(600|599)$/),
      });
      expect(await refused(limits.consume('registration', 'b'))).toBeNull();
    });

    it('count neither what was refused nor what was given back; a reset forgets all', async () => {
      await start({ registration: 2 });
      await limits.consume('registration', 'a', 2);
      for (let n = 0; n < 5; n++) expect(await refused(limits.consume('registration', 'a'))).not.toBeNull();
      await limits.refund('registration', 'a');
      expect(await refused(limits.consume('registration', 'a'))).toBeNull();
      expect(await refused(limits.consume('registration', 'a'))).not.toBeNull();
      await limits.reset('registration', 'a');
      expect(await refused(limits.consume('registration', 'a', 2))).toBeNull();
    });

    it('gain nothing from giving back what was never taken', async () => {
      await start({ registration: 1 });
      await limits.refund('registration', 'a', 5);
      await limits.consume('registration', 'a');
      expect(await refused(limits.consume('registration', 'a'))).not.toBeNull();
    });

    it('let through exactly as many of those that come at once', async () => {
      await start({ registration: 10 });
      const all = await Promise.all(Array.from({ length: 30 }, () => refused(limits.consume('registration', 'a'))));
      expect(all.filter((one) => one === null)).toHaveLength(10);
    });

    it('let nothing through that costs more than there is, and take nothing for it', async () => {
      await start({ registration: 3 });
      expect(await refused(limits.consume('registration', 'a', 4))).toMatchObject({
        code: 'limited',
        message: 'There were too many registrations from this network. Try again in 1 hour.',
        headers: { 'Retry-After': '3600' },
      });
      expect(await limits.consume('registration', 'a', 3)).toMatchObject({ RateLimit: '"registration";r=0;t=3600' });
    });

    it('count each limit for itself', async () => {
      await start({ registration: 1 });
      await limits.consume('registration', 'a');
      expect(await limits.consume('login-ip', 'a')).toMatchObject({ RateLimit: '"login-ip";r=99;t=900' });
    });
  });
}
