import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { describeSiteNotices } from './site-notices.suite.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

describeWith(DISTRIBUTED, 'what is told of a site, on real servers', () => {
  let system: Distributed;
  beforeAll(async () => {
    system = await openDistributed({ env: UNLIMITED });
  }, 240_000);
  afterAll(() => system?.remove());

  describeSiteNotices(() => system);
});
