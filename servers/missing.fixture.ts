/** Run by for-tests.test.ts in a vitest of its own: a suite whose server cannot run anywhere. */
import { test } from 'vitest';
import { describeWith, redis } from './for-tests.fixture.ts';

describeWith({ ...redis, missing: 'there is no such server' }, 'a suite', () => {
  test('that needs it', async () => {
    await redis.url();
  });
});
