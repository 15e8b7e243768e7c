import fc from 'fast-check';
import { expect, it } from 'vitest';
import { gate } from './gate.ts';

it('lets so many in at once and no more, all of them in the end, in the order given, whichever fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.boolean(), { maxLength: 30 }), fc.scheduler(), async (most, fail, scheduler) => {
      const enter = gate(most);
      const begun: number[] = [];
      let inside = 0;
      const work = fail.map((fails, n) =>
        enter(async () => {
          begun.push(n);
          expect(++inside).toBeLessThanOrEqual(most);
          await scheduler.schedule(Promise.resolve());
          inside--;
          if (fails) throw new Error('as asked for');
        }),
      );
      await scheduler.waitFor(Promise.allSettled(work));
      expect(begun).toEqual(fail.map((_, n) => n));
      expect((await Promise.allSettled(work)).map(({ status }) => status === 'rejected')).toEqual(fail);
    }),
  );
});
