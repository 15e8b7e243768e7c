import { afterEach, expect, test } from 'vitest';
import type { Audited } from '../platform/http/audited.ts';
import { BOB, eventually, next, type Rig, startRig } from '../system/realtime.fixture.ts';

let rig: Rig;
afterEach(() => rig.stop());

test('who is refused at the door, or asks for a topic of others, is noted with the network, and who is let in is not', async () => {
  const seen: Audited[] = [];
  rig = await startRig({ audit: (one) => seen.push(one), trustProxy: true });
  const from = (ip: string, more = {}) => ({ extraHeaders: { 'x-forwarded-for': ip, ...more } });
  await next(rig.connect('forged', from('192.0.2.1')), 'connect_error');
  await next(rig.connect('alice', from('192.0.2.2', { origin: 'https://elsewhere.example' })), 'connect_error');
  const bob = rig.connect('bob', from('2001:db8::7'));
  await bob.timeout(10_000).emitWithAck('subscribe', { topics: ['notifications', 'role:admin'] });
  const refused = { kind: 'refusal', outcome: 'refused', about: null };
  await eventually(() =>
    expect(seen).toEqual([
      { ...refused, status: 401, row: 'socket', user: null, network: '192.0.2.1' },
      { ...refused, status: 403, row: 'socket', user: null, network: '192.0.2.2' },
      { ...refused, status: 403, row: 'socket subscribe', user: BOB, network: '2001:db8:0:0::/64' },
    ]),
  );
});
