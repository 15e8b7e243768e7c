import { expect, it } from 'vitest';
import { withoutServers } from './without-servers.ts';

it.each([
  ['connect ECONNREFUSED 127.0.0.1:2525', 'connect ECONNREFUSED <server>'],
  ['connect ECONNREFUSED ::1:2525', 'connect ECONNREFUSED <server>'],
  ['connect ETIMEDOUT [2001:db8::7]:587', 'connect ETIMEDOUT <server>'],
  ['connect EHOSTUNREACH 2001:db8:0:1:2:3:4:5:587', 'connect EHOSTUNREACH <server>'],
  ['getaddrinfo ENOTFOUND smtp.internal.example.org', 'getaddrinfo ENOTFOUND <server>'],
  ['getaddrinfo EAI_AGAIN mailhost', 'getaddrinfo EAI_AGAIN <server>'],
  ['Greeting of mailpit:1025 never received', 'Greeting of <server> never received'],
  ['14 UNAVAILABLE: No connection to esdb://admin:changeit@db-1:2113?tls=false', '14 UNAVAILABLE: No connection to <server>'],
  ['550 5.7.1 mx1.corp.example.org: relay access denied, see https://example.org/why', '550 5.7.1 <server>: relay access denied, see <server>'],
  ['450 4.7.1 Client host rejected: cannot find your hostname, [10.1.2.3]', '450 4.7.1 Client host rejected: cannot find your hostname, <server>'],
  ["ENOENT: no such file, open '/etc/taskledger/order-rules'", "ENOENT: no such file, open '<path>'"],
])('an error in public words names no server: %s', (text, words) => expect(withoutServers(text)).toBe(words));

it.each([
  '550 5.1.1 <recipient>: no such mailbox',
  'no answer within 10000 ms',
  'it took longer than 5000 ms',
  'the price list cannot be read',
  'read ECONNRESET',
  'Connection closed unexpectedly',
  'error 30003',
  'at 2026-11-21T09:00:10.000Z, or 12:30:45',
  'the provider answered 400 21211 Invalid number.',
  'a and/or b',
])('what names none is left as it is: %s', (text) => expect(withoutServers(text)).toBe(text));
