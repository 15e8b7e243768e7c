import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { describeLimits, refused } from '../limits.suite.ts';
import { networkOf, openLimits } from '../limits.ts';

describeLimits('memory', (options) => openLimits('memory:', options));

describe('limits in memory', () => {
  it('see a keyed hash instead of what is counted by, another one for each limit', async () => {
    const seen: string[] = [];
    const hmac = (text: string) => {
      seen.push(text);
      return 'hashed';
    };
    const limits = await openLimits('memory:', { hmac });
    await limits.consume('login-ip', '192.0.2.1');
    await limits.consume('registration', '192.0.2.1');
    expect(seen).toEqual(['limit:login-ip:192.0.2.1', 'limit:registration:192.0.2.1']);
  });

  it('remember so many keys and no more: the longest untouched is forgotten', async () => {
    const limits = await openLimits('memory:', { registration: 1, keys: 10 });
    await limits.consume('registration', 'first');
    for (let n = 0; n < 9; n++) await limits.consume('registration', `${n}`);
    expect(await refused(limits.consume('registration', 'first'))).not.toBeNull();
    for (let n = 9; n < 18; n++) await limits.consume('registration', `${n}`);
    expect(await refused(limits.consume('registration', 'first'))).not.toBeNull();
    expect(await refused(limits.consume('registration', '0'))).toBeNull();
  });

  it('last for as long as they say, whatever the clock is set to meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const limits = await openLimits('memory:', { registration: 1 });
    await limits.consume('registration', 'a');
    for (const hours of [5, -10]) {
      vi.setSystemTime(Date.now() + hours * 3_600_000);
      const error = await refused(limits.consume('registration', 'a'));
      expect(error?.headers).toMatchObject({ 'Retry-After': '3600' });
    }
    vi.advanceTimersByTime(3_600_000);
    expect(await refused(limits.consume('registration', 'a'))).toBeNull();
  });

  it('are not opened on what is not known', async () => {
    await expect(openLimits('memcached://host')).rejects.toThrow(/LIMITS_URL \(or CACHE_URL/);
  });
});

describe('the network of an address', () => {
  it('is an IPv4 address itself, and the /64 of an IPv6 one', () => {
    expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
    expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(networkOf('2001:DB8::5')).toBe('2001:db8:0:0::/64');
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('1::')).toBe('1:0:0:0::/64');
  });

  it('is the same for all of a /64, however they are written', () => {
    const four = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });
    const text = (groups: number[]) => groups.map((group) => group.toString(16)).join(':');
    fc.assert(
      fc.property(four, four, four, (network, a, b) => {
        const found = networkOf(text([...network, ...a]));
        expect(networkOf(text([...network, ...b]))).toBe(found);
        expect(networkOf(new URL(`http://[${text([...network, ...a])}]`).hostname.slice(1, -1))).toBe(found);
        expect(found).toBe(`${text(network)}::/64`);
      }),
    );
  });
});
