import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Unusable } from '../../sending.ts';
import { startTestServer, type TestServer } from './smtp.fixture.ts';
import { openSmtp } from './smtp.ts';

const folder = mkdtempSync(join(tmpdir(), 'smtp-tls-'));
const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const names = ['-subj', '/CN=mail.test', '-addext', 'subjectAltName=DNS:mail.test,IP:127.0.0.1'];
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', keyFile, '-out', certFile, ...names], {
  stdio: 'ignore',
});
const certificate = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
afterAll(() => rmSync(folder, { recursive: true }));

let server: TestServer;
let authenticated: string[] = [];
const noted = {
  onAuth: ({ username = '' }: { username?: string | undefined }, _session: unknown, done: (error: null, answer: { user: string }) => void) => {
    authenticated.push(username);
    done(null, { user: username });
  },
};
afterEach(() => server.close());

const MAIL = { to: { name: 'Bob', address: 'bob@example.org' }, subject: 'Hello', text: 'Hello', html: '<p>Hello</p>', messageId: '1@example.org' };

/** Sends a mail to the server as to another machine; answers the error, undefined where it was taken. */
async function send(parameters = '', scheme = 'smtp', user = 'me:pw@'): Promise<Error | undefined> {
  authenticated = [];
  // Every address that begins with 127 is this machine; this spelling of one is none that we call so.
  const mailer = openSmtp({ url: `${scheme}://${user}0x7f.1:${server.port}?socketTimeout=5000&${parameters}`, from: 'a@example.org' });
  try {
    await mailer.send(MAIL, new AbortController().signal);
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await mailer.close();
  }
}

describe('a mail server on another machine', () => {
  it('that offers no TLS, or lost that on the way, gets no password and no mail', async () => {
    server = await startTestServer(0, { ...noted, disabledCommands: ['STARTTLS'] });
    const error = await send();
    expect([error, authenticated, server.received]).toEqual([expect.any(Unusable), [], []]);
    expect(error?.message).toMatch(/offers no TLS.*MAIL_URL/);
  });
  it('that speaks no EHLO gets none either', async () => {
    server = await startTestServer(0, { ...noted, disabledCommands: ['STARTTLS', 'EHLO'] });
    expect([await send(), authenticated]).toEqual([expect.any(Unusable), []]);
  });
  it('gets a mail without TLS where there is no password', async () => {
    server = await startTestServer(0, { ...noted, disabledCommands: ['STARTTLS'] });
    expect([await send('', 'smtp', ''), server.received.length]).toEqual([undefined, 1]);
  });
  it('gets the password once it shows a certificate that the file of the setting ca vouches for, as its own', async () => {
    server = await startTestServer(0, { ...noted, ...certificate });
    expect([await send(`ca=${certFile}&tls.servername=mail.test`), authenticated, server.received.length]).toEqual([undefined, ['me'], 1]);
  });
  it('whose certificate nobody vouches for gets nothing, unless that is what the setting says', async () => {
    server = await startTestServer(0, { ...noted, ...certificate });
    const error = await send();
    expect([error, authenticated]).toEqual([expect.any(Unusable), []]);
    expect(error?.message).toMatch(/certificate that is not trusted.*parameter ca/);
    expect([await send('tls.rejectUnauthorized=false'), authenticated]).toEqual([undefined, ['me']]);
  });
  it('may speak TLS from the first byte on', async () => {
    server = await startTestServer(0, { ...noted, ...certificate, secure: true });
    expect([await send(`ca=${certFile}&tls.servername=mail.test`, 'smtps'), authenticated]).toEqual([undefined, ['me']]);
    expect(await send('', 'smtps')).toBeInstanceOf(Unusable);
  });
  it('that speaks none where smtps: wants it is told from one that is away', async () => {
    server = await startTestServer(0, { ...noted, disabledCommands: ['STARTTLS'] });
    expect((await send('', 'smtps'))?.message).toMatch(/speaks no TLS on the port/);
  });
});

it('a mail server on this machine gets its password without TLS', async () => {
  server = await startTestServer(0, { ...noted, disabledCommands: ['STARTTLS'], allowInsecureAuth: true });
  authenticated = [];
  const mailer = openSmtp({ url: server.url.replace('//', '//me:pw@'), from: 'a@example.org', publicUrl: 'https://tasks.example.org' });
  await mailer.send(MAIL, new AbortController().signal);
  await mailer.close();
  expect([authenticated, server.greeted]).toEqual([['me'], ['tasks.example.org']]);
});
