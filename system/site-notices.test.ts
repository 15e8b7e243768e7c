import { afterAll, beforeAll } from 'vitest';
import { describeSiteNotices } from './site-notices.suite.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
}, 240_000);
afterAll(() => system?.remove());

describeSiteNotices(() => system);
