/** A suite whose server cannot run anywhere; for-tests.test.ts runs it in a vitest of its own. */
import { test } from 'vitest';
import { describeWith, redis } from './for-tests.fixture.ts';

describeWith({ ...redis, missing: 'there is no such server' }, 'a suite', () => {
  test('that needs it', async () => {
    await redis.url();
  });
});
