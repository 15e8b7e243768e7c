import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSmtpUrl } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'smtp-settings-'));
const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const file = join(folder, 'ca.pem');
writeFileSync(file, CA);
writeFileSync(join(folder, 'no.pem'), 'nothing');
afterAll(() => rmSync(folder, { recursive: true }));

const MINUTES = 60_000;

describe('the settings of a mail server', () => {
  it('give every step the ten minutes that a server may take, and no fewer than RFC 5321 asks for', () => {
    const { connectionTimeout, greetingTimeout, socketTimeout } = readSmtpUrl('smtp://mail.example.org');
    expect([connectionTimeout, greetingTimeout, socketTimeout]).toEqual([10 * MINUTES, 10 * MINUTES, 10 * MINUTES]);
  });
  it('are all read from the URL', () =>
    expect(
      readSmtpUrl(
        `smtps://me%40x:p%25w@mail.example.org:4650?connectionTimeout=1&greetingTimeout=2&socketTimeout=3&maxConnections=4&maxMessages=5&name=a.example.org&label=main&ca=${file}&tls.servername=b.example.org&tls.rejectUnauthorized=false`,
      ),
    ).toEqual({
      ...{ host: 'mail.example.org', port: 4650, secure: true, auth: { user: 'me@x', pass: 'p%w' } },
      ...{ connectionTimeout: 1, greetingTimeout: 2, socketTimeout: 3, maxConnections: 4, maxMessages: 5 },
      ...{ requireTLS: false, ignoreTLS: false, name: 'a.example.org', label: 'main' },
      tls: { ca: CA, servername: 'b.example.org', rejectUnauthorized: false },
    }));
  it.each([
    ['timeout=5', /does not know the parameter timeout; there are connectionTimeout, /],
    ['requireTLS=yes', /requireTLS, which must be true or false/],
    ['socketTimeout=10s', /socketTimeout, which must be a whole number from 1 to 3600000/],
    ['socketTimeout=0', /socketTimeout, which must be a whole number/],
    ['maxConnections=101', /maxConnections, which must be a whole number from 1 to 100/],
    [`ca=${folder}/none.pem`, /ca, which must be the path of a file with certificates/],
    [`ca=${folder}/no.pem`, /ca, which must be the path of a file with certificates/],
    ['name=two words', /name, which must be a full host name/],
    ['label=a,b', /label, which must be letters/],
    ['tls.minVersion=TLSv1', /does not know the parameter tls.minVersion/],
    ['constructor=1', /does not know the parameter constructor/],
  ])('are refused with a word on what is wrong: %s', (parameter, problem) =>
    expect(() => readSmtpUrl(`smtp://mail.example.org?${parameter}`)).toThrow(problem),
  );
  it('want TLS where a password goes to another machine, and only there', () => {
    const required = (url: string) => readSmtpUrl(url).requireTLS;
    expect(['smtp://me:pw@mail.example.org', 'smtp://me:pw@10.0.0.7:25', 'smtp://me@mail'].map(required)).toEqual([true, true, true]);
    expect(['smtp://mail.example.org', 'smtp://me:pw@localhost', 'smtp://me:pw@127.0.0.1:25', 'smtp://me:pw@[::1]'].map(required)).toEqual([
      ...[false, false, false, false],
    ]);
  });
  it.each(['requireTLS=false', 'ignoreTLS=true'])('are refused where they would send a password in the clear: %s', (parameter) =>
    expect(() => readSmtpUrl(`smtp://me:pw@mail.example.org?${parameter}`)).toThrow(/must not do without TLS/),
  );
});
