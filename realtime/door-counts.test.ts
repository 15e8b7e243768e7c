import { afterEach, expect, it, vi } from 'vitest';
import { type Rig, startRig } from '../system/realtime.fixture.ts';
import { openDoorCounts } from './door-counts.ts';

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

const BOUNDS = { socketsOfNetwork: 1_000, waitingOfNetwork: 20, socketsOfUser: 3 };
const from = (network: string) => ({ 'X-Forwarded-For': network });

/** A handshake by polling, after which nothing is said. */
async function handshake({ url }: Rig, network: string): Promise<number> {
  const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: from(network) });
  await answer.text();
  return answer.status;
}

/** True once a client is in. */
async function getsIn(one: Rig, who: string, network: string): Promise<boolean> {
  const client = one.connect(who, { extraHeaders: from(network) });
  await vi.waitFor(() => expect(client.connected).toBe(true));
  return true;
}

it('hundreds of handshakes without a login keep nobody out, in their network and elsewhere', async () => {
  rig = await startRig({ polling: true, trustProxy: true, limits: { ...BOUNDS, sockets: 100 } });
  const statuses = new Set<number>();
  for (let n = 0; n < 300; n++) statuses.add(await handshake(rig, `192.0.2.${n % 6}`));
  expect(statuses).toEqual(new Set([200]));
  expect(await getsIn(rig, 'alice', '192.0.2.1')).toBe(true);
  expect(await getsIn(rig, 'bob', '198.51.100.1')).toBe(true);
});

it('a network has so many connections and no more; another has its own', async () => {
  rig = await startRig({ polling: true, trustProxy: true, limits: { ...BOUNDS, socketsOfNetwork: 2 } });
  expect([await handshake(rig, '192.0.2.1'), await handshake(rig, '192.0.2.1'), await handshake(rig, '192.0.2.1')]).toEqual([200, 200, 403]);
  expect(await handshake(rig, '192.0.2.2')).toBe(200);
});

it('a user has so many connections: one more is refused with a problem, and one that ends makes room', async () => {
  rig = await startRig({ limits: BOUNDS });
  const mine = [rig.connect('alice'), rig.connect('alice'), rig.connect('alice')];
  await vi.waitFor(() => expect(mine.map(({ connected }) => connected)).toEqual([true, true, true]));
  const problem = new Promise((resolve) => rig?.connect('alice', { reconnection: false }).once('connect_error', resolve));
  expect(await problem).toMatchObject({ data: { code: 'limited', status: 429 } });
  expect(await getsIn(rig, 'bob', '')).toBe(true);
  mine[0]?.close();
  await vi.waitFor(async () => {
    const again = rig?.connect('alice', { reconnection: false });
    await new Promise((resolve, reject) => again?.once('connect', () => resolve(0)).once('connect_error', reject));
  });
});

it('of those who wait, the oldest of the network with most of them gives way', () => {
  const counts = openDoorCounts({ ...BOUNDS, waitingOfNetwork: 2 });
  const closed: string[] = [];
  const enter = (network: string, name: string) => {
    const one = { close: () => closed.push(name), once: () => {} };
    counts.enter(one, network);
    return one;
  };
  const first = enter('a', 'a1');
  expect(counts.admit(first, 'alice')).toBe(true);
  for (const name of ['a2', 'a3', 'a4']) enter('a', name);
  expect(closed).toEqual(['a2']);
  for (const network of ['b', 'c', 'd']) for (const n of [1, 2]) enter(network, `${network}${n}`);
  expect(closed).toEqual(['a2']);
  enter('e', 'e1');
  expect(closed).toEqual(['a2', 'a3']);
});

/** A connection whose end the test tells. */
function aConnection() {
  let left = () => {};
  const one = {
    close: () => {},
    once: (_: 'close', leave: () => void) => {
      left = leave;
    },
  };
  return { one, end: () => left() };
}

it('who closed while a login was looked at counts for nobody', () => {
  const counts = openDoorCounts({ ...BOUNDS, socketsOfUser: 1 });
  const [gone, here] = [aConnection(), aConnection()];
  for (const { one } of [gone, here]) counts.enter(one, 'a');
  gone.end();
  expect(counts.admit(gone.one, 'alice')).toBe(false);
  expect(counts.admit(here.one, 'alice')).toBe(true);
});

it('a connection is of one user alone, who has its place again once it closes', () => {
  const counts = openDoorCounts({ ...BOUNDS, socketsOfUser: 1 });
  const [first, second, third] = [aConnection(), aConnection(), aConnection()];
  for (const { one } of [first, second, third]) counts.enter(one, 'a');
  expect(counts.admit(first.one, 'alice')).toBe(true);
  expect(counts.admit(first.one, 'bob')).toBe(false);
  first.end();
  expect([counts.admit(second.one, 'alice'), counts.admit(third.one, 'bob')]).toEqual([true, true]);
});
