import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLimits } from '../../platform/http/limits/limits.ts';
import { openAttempts, type Standing } from './attempts.ts';
import { as, openInstallation } from './identity.fixture.ts';
import { openKnownDevices } from './known-devices.ts';

const RIGHT = async () => true;
const WRONG = async () => false;
const PASSWORD = 'staple of the month';

/** An attempt of somebody who is none of the account's devices: what they know, and where they are. */
const ofStranger = fc.record({
  account: fc.constantFrom('ann', 'bob', 'nobody'),
  ip: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1'),
  right: fc.boolean(),
  network: fc.boolean(),
});

describe('attempts at a password', () => {
  it('of a known device with the right one get in, whatever strangers do, in its network and elsewhere', () =>
    fc.assert(
      fc.asyncProperty(fc.array(ofStranger, { maxLength: 60 }), async (strangers) => {
        const limits = await openLimits('memory:', { 'login-account-ip': 3, 'login-ip': 5, 'login-account': 4, 'login-checks': 8 });
        const { attempt } = openAttempts(limits);
        for (const { account, ip, right, network } of strangers)
          await attempt(account, ip, right && account !== 'ann' ? RIGHT : WRONG, { network }).catch(() => {});
        expect(await attempt('ann', '192.0.2.1', RIGHT, { device: 'ann’s' })).toBe(true);
      }),
    ));

  it('from anywhere never lock an account: a network that did not try has its try', () =>
    fc.assert(
      fc.asyncProperty(fc.array(ofStranger, { maxLength: 60 }), async (strangers) => {
        const { attempt } = openAttempts(await openLimits('memory:', { 'login-account-ip': 3, 'login-account': 4 }));
        for (const { account, ip, network } of strangers) await attempt(account, ip, WRONG, { network }).catch(() => {});
        expect(await attempt('ann', '198.51.100.1', RIGHT)).toBe(true);
      }),
    ));

  it('of a colleague cost the others of a network nothing, where those were in from there', async () => {
    const { attempt } = openAttempts(await openLimits('memory:', { 'login-ip': 5 }));
    const statuses = [];
    for (let n = 0; n < 8; n++) statuses.push(await attempt(`guessed ${n}`, '192.0.2.1', WRONG).catch((error) => error.code));
    expect(statuses).toEqual([...Array(5).fill(false), ...Array(3).fill('limited')]);
    expect(await attempt('bob', '192.0.2.1', RIGHT, { network: true })).toBe(true);
  });

  it('of a device are limited, too: then it is as good as any', async () => {
    const { attempt } = openAttempts(await openLimits('memory:', { 'login-device': 2, 'login-account-ip': 1 }));
    const of = (standing: Standing) => attempt('ann', '192.0.2.1', WRONG, standing).catch((error) => error.code);
    const device = { device: 'ann’s' };
    expect([await of(device), await of(device), await of(device), await of(device)]).toEqual([false, false, false, 'limited']);
  });

  it('with right passwords cost, too, as each is work', async () => {
    const { attempt } = openAttempts(await openLimits('memory:', { 'login-checks': 3 }));
    const of = (n: number) => attempt(`account ${n}`, '192.0.2.1', RIGHT).catch((error) => error.code);
    expect([await of(1), await of(2), await of(3), await of(4)]).toEqual([true, true, true, 'limited']);
  });
});

describe('logging in while strangers guess', () => {
  it('is open to the owner: from the device that was in, where the guesses come from, and from a network that is new', async () => {
    const here = await openInstallation({ limits: { 'login-account': 20 } });
    try {
      const email = 'ann@example.org';
      const at = (ip: string) => ({ 'x-forwarded-for': ip });
      const login = (password: string, ip: string, devices: string[] = []) => here.call('POST /api/login', { email, password, devices }, at(ip));
      await here.call('POST /api/users', { name: 'Ann', email, password: PASSWORD });
      const first = await login(PASSWORD, '192.0.2.1');
      const { device, accessToken } = first.body;
      await here.call('POST /api/logout', undefined, as(accessToken));
      const attackers = ['192.0.2.1', '203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5'];
      for (const ip of attackers) for (let n = 0; n < 12; n++) expect([401, 429]).toContain((await login('a wrong password', ip)).status);
      expect((await login(PASSWORD, '192.0.2.1')).status).toBe(429);
      expect((await login(PASSWORD, '192.0.2.1', ['nonsense', device])).status).toBe(200);
      expect((await login(PASSWORD, '198.51.100.9')).status).toBe(200);
    } finally {
      await here.close();
    }
  });
});

describe('the token of a device', () => {
  const hmac = (text: string) => Buffer.from(text).toString('base64url').split('').reverse().join('');
  let days = 0;
  const devices = openKnownDevices({ hmac, now: () => new Date(days * 86_400_000) });
  const [ann, bob] = ['0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e02'];

  it('is known for its user alone, for half a year, and only as it was made', () => {
    const token = devices.issue(ann, 'one');
    expect(devices.find(ann, ['', 'x', token], 'one')).toMatch(/^[\w-]{16}$/);
    for (const other of [bob, undefined]) expect(devices.find(other, [token], 'one')).toBeUndefined();
    for (const changed of [token.replace(ann, bob), `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, token.replace('.0.', '.9.')])
      expect(devices.find(changed.startsWith(bob) ? bob : ann, [changed], 'one')).toBeUndefined();
    // All sessions ended since: whoever has it may be who they were ended for.
    expect(devices.find(ann, [token], 'two')).toBeUndefined();
    expect(devices.find(ann, [devices.issue(ann, '')], '')).toMatch(/^[\w-]{16}$/);
    days = 181;
    expect(devices.find(ann, [token], 'one')).toBeUndefined();
  });
});
