import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeWith, redis } from '../servers/for-tests.fixture.ts';
import { ALICE, BOB, eventually, next, type Rig, startRig } from '../system/realtime.fixture.ts';
import type { FanOut } from './fan-out/fan-out.ts';
import { openFanOut } from './fan-out/open.ts';

const log = { info: () => {}, warn: () => {} };

describeWith(redis, 'what one realtime process hears in the log', () => {
  let fanOuts: FanOut[];
  let rigs: Rig[];

  /** Two processes with a log each: what only one of them hears of stands for what the other one hears later. */
  beforeEach(async () => {
    const url = await redis.database();
    fanOuts = [await openFanOut(url, { log }), await openFanOut(url, { log })];
    rigs = [];
    for (const fanOut of fanOuts) rigs.push(await startRig({ fanOut }));
  });
  afterEach(async () => {
    for (const rig of rigs) await rig.stop();
    for (const fanOut of fanOuts) await fanOut.close();
  });

  const pair = (): [Rig, Rig] => rigs as [Rig, Rig];

  test('ends the sockets of a session in the others at once, with the reason, and no other sockets', async () => {
    const [here, there] = pair();
    const [bob, alice] = [there.connect('bob'), there.connect('alice')];
    await Promise.all([bob, alice].map((client) => next(client, 'welcome')));
    const goodbye = next(bob, 'goodbye');
    await here.append('SessionEnded', { id: here.sessions.get('bob')?.sessionId ?? '', data: { userId: BOB }, topics: [`user:${BOB}`] });
    expect(await goodbye).toMatchObject({ problem: { code: 'unauthorized', detail: 'Your session has ended.' } });
    await eventually(() => expect(there.realtime().sockets()).toBe(1));
    expect(await next(there.connect('bob'), 'goodbye')).toMatchObject({ problem: { code: 'unauthorized' } });
    expect(alice.connected).toBe(true);
  });

  test('ends all sockets of a user who was deleted', async () => {
    const [here, there] = pair();
    const bob = there.connect('bob');
    await next(bob, 'welcome');
    const goodbye = next(bob, 'goodbye');
    await here.append('UserDeleted', { id: BOB, topics: [`user:${BOB}`] });
    expect(await goodbye).toMatchObject({ problem: { code: 'unauthorized', detail: 'This user was deleted.' } });
  });

  test('is pushed to its own sockets only: an update comes once', async () => {
    const [here, there] = pair();
    const clients = [here.connect('alice'), there.connect('alice')];
    const heard: string[] = [];
    for (const [at, client] of clients.entries()) {
      client.on('change', ({ data }: { data: { text: string } }) => void heard.push(`${at} ${data.text}`));
      await client.emitWithAck('subscribe', { topics: ['tasks'] });
    }
    const last = next(clients[1] as (typeof clients)[number], 'goodbye');
    await here.comments(3, { text: 'from here' });
    // Told after the updates, on the same way: whatever crossed with them is there before it.
    await here.append('UserDeleted', { id: ALICE, topics: [`user:${ALICE}`] });
    await last;
    expect(heard).toEqual(Array(3).fill('0 from here'));
  });
});
