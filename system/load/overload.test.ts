/**
 * Five times the load that this release sustains here: it refuses what is too much, says so in time, and loses nothing of what it took.
 * OVERLOAD_SECONDS: 8; `npm run faults`: 10 minutes.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from '../client.fixture.ts';
import { type Installation, openInstallation } from '../system.fixture.ts';
import { UNLIMITED } from '../unlimited.fixture.ts';
import { checkAccepted, flowedOff } from './accepted.fixture.ts';
import { leastHeap, meanRss, watchGauges, within } from './gauges.fixture.ts';
import { runOffer } from './offer.fixture.ts';

const SECONDS = Number(process.env.OVERLOAD_SECONDS ?? 8);
const TIMES = 5;
/** Clients of the load that is sustained: each waits for its answer before it asks again. */
const SUSTAINED = { clients: 32, seconds: Math.min(30, SECONDS / 2) };
/** More than a process works on at once. */
const CLIENTS = 4_000;
/** What the last third may take beyond the second one, in MB: noise, and in the first seconds the requests that the process comes to work on at once. */
const MORE = SECONDS < 60 ? { heap: 300, rss: 500 } : { heap: 64, rss: 150 };

let system: Installation;
let alice: User;
beforeAll(async () => {
  // One user is the whole crowd here.
  system = await openInstallation(UNLIMITED);
  alice = await system.register('Alice');
});
afterAll(() => system?.remove());

it(`under ${SECONDS} s of ${TIMES} times the load that it sustains it refuses with Retry-After, loses nothing that it took, and sends every mail afterwards`, {
  timeout: SECONDS * 2_000 + 1_500_000,
}, async () => {
  const acceptedFile = join(system.dataDir, 'accepted.txt');
  const offer = { url: system.url(), account: alice, acceptedFile };
  const sustained = await runOffer({ ...offer, ...SUSTAINED, perSecond: null });
  const perSecond = Math.ceil((TIMES * sustained.accepted) / sustained.seconds);

  const gauges = watchGauges(system, Math.max(250, SECONDS * 5));
  const offered = await runOffer({ ...offer, perSecond, seconds: SECONDS, clients: CLIENTS });
  await gauges.stop();
  const flowOff = await flowedOff(system);
  await system.stop();
  expect(offered).toMatchObject({ wrong: [], withoutRetryAfter: 0 });
  expect(offered.accepted, 'accepted').toBeGreaterThan(0);
  const compared = await checkAccepted(system.dataDir, acceptedFile);

  const [second, last] = [within(gauges.all, 0.33, 0.66), within(gauges.all, 0.66, 1)];
  const { accepted, refused, broken, unsent, p50, p99, longest } = offered;
  const figures = {
    ...{ seconds: SECONDS, sustained: sustained.accepted / sustained.seconds, sustainedP99: sustained.p99, perSecond },
    ...{ accepted, refused, broken, unsent, p50, p99, longest, flowOff, commands: compared.accepted, mails: compared.mails },
    heap: [leastHeap(second), leastHeap(last)],
    rss: [meanRss(second), meanRss(last)],
  };
  process.stdout.write(`overload: ${JSON.stringify(figures)}\n`);
  if (Number.isFinite(leastHeap(last))) expect(leastHeap(last), 'MB of heap').toBeLessThan(leastHeap(second) + MORE.heap);
  expect(meanRss(last), 'MB resident').toBeLessThan(meanRss(second) + MORE.rss);
});
