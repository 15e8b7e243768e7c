/** Steady load: whatever a process takes of the machine, it stops taking more. STEADY_SECONDS: 8; `npm run faults`: an hour. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logIn, type User } from '../client.fixture.ts';
import { follow } from '../live.fixture.ts';
import { type Installation, openInstallation } from '../system.fixture.ts';
import { UNLIMITED } from '../unlimited.fixture.ts';
import { checkAccepted, flowedOff } from './accepted.fixture.ts';
import { leastHeap, meanRss, watchGauges, within } from './gauges.fixture.ts';
import { runOffer } from './offer.fixture.ts';

const SECONDS = Number(process.env.STEADY_SECONDS ?? 8);
/** Requests a second, six of ten of them commands. */
const RATE = Number(process.env.STEADY_RATE ?? 20);
const CLIENTS = 20;
/** Milliseconds between two looks. */
const LOOK = SECONDS > 60 ? 2_000 : 250;
/** Milliseconds between two pages that come and go. */
const PAGE = 1_000;
/** What the last quarter may take beyond the second one: so much, in MB, is noise; and every client may have come with its connection meanwhile. */
const MORE = { heap: 32, rss: 100, descriptors: CLIENTS + 10 };
/** Bytes of all write-ahead logs together, at any moment. */
const MOST_WAL = 100_000_000;

let system: Installation;
let alice: User;
beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
  alice = await system.register('Alice');
});
afterAll(() => system?.remove());

it(`under ${SECONDS} s of steady load memory, descriptors and write-ahead logs do not grow, and all that was accepted is there`, {
  timeout: SECONDS * 1_500 + 120_000,
}, async () => {
  const acceptedFile = join(system.dataDir, 'accepted.txt');
  const gauges = watchGauges(system, LOOK);
  const offer = { url: system.url(), account: alice, perSecond: RATE, seconds: SECONDS, clients: CLIENTS, acceptedFile };
  const pages = await comeAndGo(runOffer(offer));
  const { offered } = pages;
  await flowedOff(system);
  await gauges.stop();
  await system.stop();

  expect(offered).toMatchObject({ wrong: [], withoutRetryAfter: 0 });
  expect(pages.joined, 'pages').toBeGreaterThan(0);
  const compared = await checkAccepted(system.dataDir, acceptedFile);
  const [early, late] = [within(gauges.all, 0.25, 0.5), within(gauges.all, 0.75, 1)];
  const most = (of: 'descriptors' | 'wal', among = gauges.all) => Math.max(...among.map((one) => one[of]));
  const figures = {
    ...{ seconds: SECONDS, rate: RATE, pages: pages.joined, broken: offered.broken, ...compared, p99: offered.p99 },
    heap: [leastHeap(early), leastHeap(late)],
    rss: [meanRss(early), meanRss(late)],
    descriptors: [most('descriptors', early), most('descriptors', late)],
    mostWal: most('wal'),
  };
  process.stdout.write(`steady load: ${JSON.stringify(figures)}\n`);
  expect(leastHeap(late), 'MB of heap').toBeLessThan(leastHeap(early) + MORE.heap);
  expect(meanRss(late), 'MB resident').toBeLessThan(meanRss(early) + MORE.rss);
  expect(most('descriptors', late), 'descriptors').toBeLessThanOrEqual(most('descriptors', early) + MORE.descriptors);
  expect(most('wal'), 'bytes of write-ahead logs').toBeLessThan(MOST_WAL);
});

/** Opens a page, which follows the tasks, and closes it, until the load is over. */
async function comeAndGo<T>(load: Promise<T>): Promise<{ offered: T; joined: number }> {
  let isOver = false;
  const ended = load.finally(() => {
    isOver = true;
  });
  let since = performance.now();
  let joined = 0;
  while (!isOver) {
    const page = follow(system, alice, 'tasks');
    // Where others have the processors for a while, a page may go before it has joined.
    joined += await page.joined().then(
      () => 1,
      () => 0,
    );
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, PAGE))]);
    page.close();
    // Tokens are good for 15 minutes.
    if (performance.now() - since > 8 * 60_000) {
      Object.assign(alice, await logIn(system.url, alice));
      since = performance.now();
    }
  }
  return { offered: await ended, joined };
}
