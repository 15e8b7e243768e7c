import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinedRuns } from './joined-runs.ts';

it('answers each caller with a run that began after they asked, one run at a time, whichever fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ pause: fc.nat(3), fails: fc.boolean() }), { maxLength: 20 }), fc.scheduler(), async (calls, scheduler) => {
      let runs = 0;
      let inside = 0;
      const ask = joinedRuns(async () => {
        const run = ++runs;
        expect(++inside).toBe(1);
        await scheduler.schedule(Promise.resolve());
        inside--;
        if (calls[run]?.fails) throw run;
        return run;
      });
      const asked: Promise<void>[] = [];
      for (const { pause } of calls) {
        for (let turn = 0; turn < pause; turn++) await Promise.resolve();
        const before = runs;
        asked.push(
          ask().then(
            (run) => expect(run).toBeGreaterThan(before),
            (run) => expect(run).toBeGreaterThan(before),
          ),
        );
      }
      await scheduler.waitFor(Promise.all(asked));
    }),
  );
});

it('costs two runs for a hundred callers at once', async () => {
  let runs = 0;
  const ask = joinedRuns(async () => {
    runs++;
    await Promise.resolve();
  });
  await Promise.all(Array.from({ length: 100 }, ask));
  expect(runs).toBe(2);
});
