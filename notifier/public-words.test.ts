/** What is kept of the errors of mail servers and providers. */
import { expect, it } from 'vitest';
import { publicWords } from './public-words.ts';
import { ReceiverAway, Refused } from './sending.ts';

const smtp = (response: string, message = `Can't send mail - all recipients were rejected: ${response}`) =>
  Object.assign(new Error(message), { responseCode: Number(response.slice(0, 3)), response, code: 'EENVELOPE' });

it.each([
  ['550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann.lee not found', '550 5.1.10'],
  ['550-5.2.2 mailbox of Ann Lee is full', '550 5.2.2'],
  ['550 mailbox of Ann Lee is full (+49 151 123 4567)', '550'],
  ['452 4.2.2\nAnn Lee', '452 4.2.2'],
  ['550 151 123 4567', '550'],
])('of the answer of a server its codes alone are kept, however it names the recipient: %s', (response, words) => {
  expect(publicWords(smtp(response), '')).toBe(words);
  expect(publicWords(new Refused('Ann Lee', { cause: smtp(response) }), '')).toBe(words);
  expect(publicWords(new Refused(response), '')).toBe(words);
});

it('an answer without a code is no words either', () => {
  expect(publicWords(Object.assign(new Error('Invalid greeting of Ann'), { response: 'Ann Lee' }), '')).toBe('an answer without a code');
});

it('words of the system and of ours stay, without addresses and numbers', () => {
  const away = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:25'), { code: 'ESOCKET' });
  expect(publicWords(new ReceiverAway('smtp', away), '')).toBe('connect ECONNREFUSED 10.1.2.3:25');
  expect(publicWords(new Error('No recipient ann@example.org, bob@example.org, +4915112345678'), 'Ann@example.org')).toBe(
    'No recipient <recipient>, <address> <number>',
  );
});
