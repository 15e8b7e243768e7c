/** Addresses and subjects with signs beyond ASCII, or with such that only look so, as the server gets them. */
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { storedEmail } from '../../../contracts/email.ts';
import { Refused } from '../../sending.ts';
import type { Mailer } from '../mailer.ts';
import { startTestServer, type TestServer } from './smtp.fixture.ts';
import { openSmtp } from './smtp.ts';
import { headerSubject } from './subject.ts';

let server: TestServer;
let mailer: Mailer;
let number = 0;
afterEach(async () => {
  await mailer.close();
  await server.close();
});

/** Starts a server and a mailer. `utf8`: whether the server offers SMTPUTF8. */
async function open(utf8: boolean): Promise<void> {
  server = await startTestServer(0, { disabledCommands: ['STARTTLS'], hideSMTPUTF8: !utf8 });
  mailer = openSmtp({ url: server.url, from: 'taskledger <no-reply@example.org>' });
}
const send = (address: string, subject = 'A task') =>
  mailer.send(
    { to: { name: 'Anna', address: storedEmail(address) }, subject, text: 'x', html: '<p>x</p>', messageId: `${number++}@example.org` },
    new AbortController().signal,
  );
const headOf = (content = '') => (content.split('\r\n\r\n')[0] ?? '').replaceAll(/\r\n\s+/g, ' ');
const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(headOf(server.received.at(-1)))?.[1];

/** A header's text as mail programs show it (RFC 2047): blanks between two encoded words are dropped. */
function decoded(text = ''): string {
  const words = /(?:=\?utf-8\?[bq]\?[^?]*\?=)+/gi;
  return text
    .replaceAll(/(\?=)\s+(?==\?)/g, '$1')
    .replaceAll(words, (all) =>
      Buffer.concat([...all.matchAll(/\?([bq])\?([^?]*)\?=/gi)].map(([, how = '', data = '']) => bytesOf(how, data))).toString(),
    );
}

function bytesOf(how: string, data: string): Buffer {
  if (how.toLowerCase() === 'b') return Buffer.from(data, 'base64');
  return Buffer.from(
    data.replaceAll('_', ' ').replaceAll(/=([\dA-F]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16))),
    'latin1',
  );
}

describe('an international domain', () => {
  it('is written in A-labels, which every server takes', async () => {
    await open(false);
    await send('anna@bücher.example');
    expect(field('to')).toContain('<anna@xn--bcher-kva.example>');
  });
});

describe('a local part beyond ASCII', () => {
  it('goes to a server that offers SMTPUTF8', async () => {
    await open(true);
    await send('jürgen@bücher.example');
    expect(server.received).toHaveLength(1);
    expect(field('to')).toContain('jürgen@');
  });

  it('fails for good on another, with words that say so, and holds up no other', async () => {
    await open(false);
    await expect(send('jürgen@bücher.example')).rejects.toSatisfy(
      (error) => error instanceof Refused && /does not offer SMTPUTF8/.test(error.message),
    );
    await send('anna@example.org');
    expect(server.received).toHaveLength(1);
  });
});

describe('a subject', () => {
  it.each(['=?utf-8?Q?Free_beer?=', '=?utf-8?B?RnJlZSBiZWVy?=', 'a =?utf-8?q?b?= c', '=?', '=?x?=', '100 % of =? and ?='])(
    'shows as it was typed: %s',
    async (subject) => {
      await open(false);
      await send('anna@example.org', subject);
      expect(decoded(field('subject'))).toBe(subject);
      expect(field('date')).toMatch(/^\w{3}, \d{2} \w{3} \d{4} [\d:]{8} \+0000$/);
    },
  );

  it('shows as it was typed, whatever it is', async () => {
    await open(false);
    const subjects = fc.array(fc.constantFrom('=?', '?=', 'utf-8', '?Q?', '?b?', 'word', ' ', '_', '=41', 'ü', '👩‍👧', '"'), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(
        subjects.map((parts) => `x${parts.join('')}x`),
        async (subject) => {
          await send('anna@example.org', subject);
          expect(decoded(field('subject')).replaceAll(/ +/g, ' ')).toBe(subject.replaceAll(/ +/g, ' '));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is encoded only where it must be', () => expect(headerSubject('A task = a duty?')).toBe('A task = a duty?'));
});
