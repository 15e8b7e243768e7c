import { expect, it, vi } from 'vitest';
import { ehloName } from './ehlo-name.ts';

const machine = vi.hoisted(() => ({ name: 'web1', full: '', address: '192.0.2.7' }));
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  hostname: () => machine.name,
  networkInterfaces: () => ({
    lo: [{ family: 'IPv4', address: '127.0.0.1', internal: true }],
    ...(machine.address ? { eth0: [{ family: 'IPv4', address: machine.address, internal: false }] } : {}),
  }),
}));
vi.mock('node:dns/promises', () => ({
  lookup: async () => ({ address: '127.0.1.1' }),
  lookupService: async () => (machine.full ? { hostname: machine.full } : Promise.reject(new Error('ENOTFOUND'))),
}));

it.each([
  ['https://tasks.example.org', 'tasks.example.org'],
  ['https://tasks.example.org:8443', 'tasks.example.org'],
  ['https://bücher.example', 'xn--bcher-kva.example'],
  ['http://192.0.2.9:3000', '[192.0.2.9]'],
  ['http://[2001:db8::1]', '[IPv6:2001:db8::1]'],
])('a mail server is greeted with the host of our address: %s', async (url, name) => expect(await ehloName(url)).toBe(name));

it.each([undefined, 'http://127.0.0.1:3000', 'http://localhost:3000', 'http://[::1]:3000', 'http://tasks'])(
  'where our address (%s) is no full name, it is the machine’s own full name, else its address, and never this machine’s to itself',
  async (url) => {
    Object.assign(machine, { name: 'web1.example.org', full: '' });
    expect(await ehloName(url)).toBe('web1.example.org');
    Object.assign(machine, { name: 'web1', full: 'web1.lan.example.org' });
    expect(await ehloName(url)).toBe('web1.lan.example.org');
    Object.assign(machine, { full: 'localhost.localdomain' });
    expect(await ehloName(url)).toBe('[192.0.2.7]');
    Object.assign(machine, { full: '', address: '' });
    expect(await ehloName(url)).toBe('web1');
    Object.assign(machine, { address: '192.0.2.7' });
  },
);
