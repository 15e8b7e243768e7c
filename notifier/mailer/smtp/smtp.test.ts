import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FateUnknown, ReceiverAway, Refused } from '../../sending.ts';
import type { Mail, Mailer } from '../mailer.ts';
import { startTestServer, type TestServer } from './smtp.fixture.ts';
import { openSmtp } from './smtp.ts';

const MAIL: Mail = {
  to: { name: 'Bob "the\r\nBcc: eve@example.org" Berg', address: 'bob@example.org' },
  subject: 'Neue Aufgabe: Glühbirne\r\nBcc: eve@example.org',
  text: 'Hallo\n',
  html: '<p>Hallo</p>',
  messageId: '7d9f2b2e@tasks.example.org',
};
const quick = 'connectionTimeout=2000&greetingTimeout=2000&socketTimeout=2000';
const signal = new AbortController().signal;
let server: TestServer;
let mailer: Mailer;

beforeEach(async () => {
  server = await startTestServer();
  mailer = openSmtp({ url: `${server.url}?${quick}`, from: 'taskledger <no-reply@example.org>' });
});
afterEach(async () => {
  await mailer.close();
  await server.close();
});

/** What sending fails with. */
async function failure(): Promise<Error> {
  return mailer.send(MAIL, signal).then(
    () => new Error('it was sent'),
    (error: Error) => error,
  );
}
const passing = (error: Error) => !(error instanceof Refused || error instanceof FateUnknown) && error.message !== 'it was sent';

describe('a mail by SMTP', () => {
  it('arrives with both bodies and its Message-ID, over a connection that is kept', async () => {
    await mailer.send(MAIL, signal);
    await mailer.send(MAIL, signal);
    const [content = ''] = server.received;
    for (const part of ['Message-ID: <7d9f2b2e@tasks.example.org>', 'text/plain', 'text/html', 'Auto-Submitted: auto-generated'])
      expect(content).toContain(part);
    expect([server.received.length, server.connections()]).toEqual([2, 1]);
  });
  it('has no headers or recipients but its own, whatever name and subject are', async () => {
    await mailer.send(MAIL, signal);
    const [head = ''] = (server.received[0] ?? '').split('\r\n\r\n');
    expect(head.split('\r\n').filter((line) => /^bcc:/i.test(line))).toEqual([]);
  });
  it('that is refused for good says so', async () => {
    server.behave({ rcpt: 550 });
    expect(await failure()).toBeInstanceOf(Refused);
    server.behave({ from: 550 });
    expect(await failure()).toBeInstanceOf(Refused);
    server.behave({ data: 554 });
    expect(await failure()).toBeInstanceOf(Refused);
  });
  it('waits where the server wants nobody, or other credentials: no mail is given up for what the operator has to mend', async () => {
    server.behave({ greeting: 554 });
    expect(await failure()).toBeInstanceOf(ReceiverAway);
    server.behave({ greeting: 421 });
    expect(await failure()).toBeInstanceOf(ReceiverAway);
    server.behave({ from: 530 });
    expect(await failure()).toSatisfy(passing);
  });
  it('that is refused for now may be sent again', async () => {
    server.behave({ rcpt: 450 });
    expect(await failure()).toSatisfy(passing);
    expect(await failure()).not.toBeInstanceOf(ReceiverAway);
    server.behave({ data: 451 });
    expect(await failure()).toSatisfy(passing);
  });
  it('may be sent again where nobody listens, or the server never greets', async () => {
    server.behave('hang');
    expect(await failure()).toBeInstanceOf(ReceiverAway);
    await server.close();
    expect(await failure()).toBeInstanceOf(ReceiverAway);
  });
  it('invariant 11: is unknown where the connection went, or the server fell silent, after the content; and is sent once by one call', async () => {
    server.behave('take and drop');
    expect(await failure()).toBeInstanceOf(FateUnknown);
    server.behave('hang after DATA');
    expect(await failure()).toBeInstanceOf(FateUnknown);
    expect(server.received).toHaveLength(2);
  });
  it('is given up when the signal aborts', async () => {
    const patient = openSmtp({ url: server.url, from: 'a@example.org' });
    server.behave('hang after DATA');
    const giveUp = new AbortController();
    const sending = patient.send(MAIL, giveUp.signal);
    await expect.poll(() => server.received.length).toBe(1);
    giveUp.abort();
    await expect(sending).rejects.toBeInstanceOf(FateUnknown);
    await patient.close();
  });
  it('goes out over a new connection when the server closed the old one meanwhile', async () => {
    await mailer.send(MAIL, signal);
    const { port } = server;
    await server.close();
    server = await startTestServer(port);
    await mailer.send(MAIL, signal);
    expect(server.received).toHaveLength(1);
  });
  it('without a usable address is refused', async () => {
    await expect(mailer.send({ ...MAIL, to: { name: 'nobody', address: '' } }, signal)).rejects.toBeInstanceOf(Refused);
  });
});
