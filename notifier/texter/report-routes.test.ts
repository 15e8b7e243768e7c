import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../../contracts/message.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { createApp } from '../../platform/http/app.ts';
import { routesWith } from '../../platform/http/route.ts';
import { commandsOn } from '../../system/commands.fixture.ts';
import { signatureOf } from './http/signature.ts';
import { reportRoute, reportUrl } from './report-routes.ts';

const log = pino({ level: 'silent' });
const ID = '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a09';
const STREAM = `notification-${ID}`;
/** Where we are for the provider; not where we listen. */
const PUBLIC = 'https://tasks.example.org';
const TOKEN = 'a t0ken';
const SID = 'SM0123456789abcdef';
let store: EventStore;
let server: Server;

async function serve(token: string | null = TOKEN): Promise<void> {
  const commands = commandsOn(store);
  const app = createApp({
    routes: routesWith({ commands, tokens: token === null ? [] : ['another t0ken', token], publicUrl: () => PUBLIC }, [reportRoute]),
    accessTokens: { secret: 'nobody' },
    callerOf: () => Promise.reject(new Error('nobody')),
    origins: [],
    trustProxy: false,
    log,
  });
  server.on('request', app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}
const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function add(type: string, data: unknown): Promise<void> {
  const revision = (await types()).length - 1;
  const { id: _, ...event } = exampleEvent(type);
  await store.append(STREAM, revision < 0 ? NO_STREAM : revision, [{ ...event, id: crypto.randomUUID(), data } as NewEvent]);
}
async function events() {
  for await (const page of store.readStream(STREAM)) return page;
  return [];
}
const types = async () => (await events()).map(({ type }) => type.replace('Notification', ''));

const requested = { channel: 'sms', kind: 'message', recipient: { phone: '+4915112345678' }, about: { stream: STREAM, revision: 0 } };
const processing = { attempt: 1, worker: 'a', until: '2026-11-21T09:01:00.000Z' };

beforeEach(async () => {
  server = createServer();
  store = inMemoryStore();
  await add('NotificationRequested', { ...requested, content: { text: 'Hello' } });
  await add('NotificationProcessing', processing);
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

interface Sending {
  id?: string;
  attempt?: number;
  signature?: string;
  path?: string;
}
async function report(fields: Record<string, string>, { id = ID, attempt, signature, path = reportUrl('', id, attempt) }: Sending = {}) {
  const form = { AccountSid: 'AC1', To: '+4915112345678', MessageSid: SID, ...fields };
  const answer = await fetch(`${address()}${path}`, {
    method: 'POST',
    headers: { 'X-Twilio-Signature': signature ?? signatureOf(reportUrl(PUBLIC, id, attempt), form, TOKEN) },
    body: new URLSearchParams(form),
  });
  return { status: answer.status, text: await answer.text() };
}
/** Sends a report of attempt 1 with these fields alone. */
async function reportExactly(form: Record<string, string>, signature: string): Promise<Response> {
  const path = reportUrl(address(), ID, 1);
  return fetch(path, { method: 'POST', headers: { 'X-Twilio-Signature': signature }, body: new URLSearchParams(form) });
}
const sent = () => add('NotificationSent', { attempt: 1, providerId: SID });

it('a signature is as the provider makes it', () => {
  // The example of Twilio's documentation on webhook security.
  const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
  const form = { Digits: '1234', To: '+18005551212', From: '+14158675310', Caller: '+14158675310', CallSid: 'CA1234567890ABCDE' };
  expect(signatureOf(url, form, '12345')).toBe('GvWf1cFY/Q7PnoempGyD5oXAezc=');
});

describe('a report of the SMS provider', () => {
  it('that it was delivered is recorded, once, however often it comes, by either path', async () => {
    await sent();
    await serve();
    expect(await report({ MessageStatus: 'delivered' })).toEqual({ status: 204, text: '' });
    expect((await report({ MessageStatus: 'delivered' })).status).toBe(204);
    expect((await report({ MessageStatus: 'delivered' }, { path: `/api/v1/notifications/${ID}/sms-status` })).status).toBe(204);
    expect(await types()).toEqual(['Requested', 'Processing', 'Sent', 'Reported']);
    const last = (await events()).at(-1);
    expect([last?.data, last?.metadata.actor]).toEqual([{ status: 'delivered', delivered: true }, 'provider:sms']);
    expect(JSON.stringify(last)).not.toContain('4915112345678');
  });

  it.each(['undelivered', 'failed'])('that it was %s is recorded with its reason, and then it has failed', async (status) => {
    await sent();
    await serve();
    await report({ MessageStatus: status, ErrorCode: '30003' });
    expect((await events()).at(-1)?.data).toEqual({ status, delivered: false, error: 'error 30003' });
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['without the reason', { MessageStatus: 'failed', ErrorCode: '30003' }, { MessageStatus: 'failed', ErrorCod: 'e30003' }],
    [
      'with another end of the reason',
      { MessageStatus: 'failed', ErrorCode: '30003' },
      { MessageStatus: 'failed', ErrorCode: `30003MessageSid${SID}`, MessageSid: '' },
    ],
    ['about an earlier attempt', { MessageStatus: 'delivered' }, { MessageStatus: 'delivered', '2AccountSid': 'AC1', AccountSid: '' }],
    ['without the recipient', { MessageStatus: 'delivered' }, { MessageStatus: 'delivered', To: '', 'To+49': '15112345678' }],
  ])('whose fields are cut anew %s under the signature of another is refused', async (_, caught, cut) => {
    await sent();
    await serve();
    const form = (fields: Record<string, string>) => ({ AccountSid: 'AC1', To: '+4915112345678', MessageSid: SID, ...fields });
    const attempt = '2AccountSid' in cut ? 12 : 1;
    const signature = signatureOf(reportUrl(PUBLIC, ID, attempt), form(caught), TOKEN);
    const { status } = await reportExactly(Object.fromEntries(Object.entries(form(cut)).filter(([, value]) => value !== '')), signature);
    expect([status, (await types()).at(-1)]).toEqual([403, 'Sent']);
  });

  it.each<[string, Record<string, string>]>([
    ['another recipient', { To: '+4915100000000' }],
    ['another message', { MessageSid: 'SMother' }],
    ['two messages', { SmsSid: 'SMother' }],
    ['two statuses', { SmsStatus: 'sent' }],
    ['a reason that is none', { ErrorCode: '30003x' }],
  ])('of %s than what was sent is refused', async (_, fields) => {
    await sent();
    await serve();
    expect((await report({ MessageStatus: 'delivered', ...fields }, { attempt: 1 })).status).toBe(403);
    expect((await types()).at(-1)).toBe('Sent');
  });

  it('with all fields that a provider sends is recorded', async () => {
    await sent();
    await serve();
    const all = {
      ApiVersion: '2010-04-01',
      From: '+15005550006',
      MessagingServiceSid: 'MG1',
      SmsSid: SID,
      SmsStatus: 'undelivered',
      ErrorCode: '30003',
    };
    const more = { ErrorMessage: 'Unreachable: To and From are right', RawDlrDoneDate: '2611210900', ToCountry: 'DE', SmsMessageSid: SID };
    expect((await report({ MessageStatus: 'undelivered', ...all, ...more }, { attempt: 1 })).status).toBe(204);
    expect((await events()).at(-1)?.data).toEqual({ status: 'undelivered', delivered: false, error: 'error 30003' });
  });

  it.each(['queued', 'sending', 'sent', 'toString', ''])('of "%s" is heard, and changes nothing', async (status) => {
    await sent();
    await serve();
    expect((await report({ MessageStatus: status })).status).toBe(204);
    expect(await types()).toEqual(['Requested', 'Processing', 'Sent']);
  });

  it('about the message of an earlier attempt changes nothing', async () => {
    await sent();
    await serve();
    expect((await report({ MessageStatus: 'failed', MessageSid: 'SMother' })).status).toBe(204);
    expect(await types()).toEqual(['Requested', 'Processing', 'Sent']);
  });

  it('about an attempt before an operator had it tried again changes nothing of a later one whose fate is unknown', async () => {
    await serve();
    await sent();
    await add('NotificationReported', { status: 'undelivered', delivered: false });
    await add('NotificationRetried', { channel: 'sms', recipient: requested.recipient });
    await add('NotificationProcessing', { ...processing, attempt: 2 });
    await add('NotificationAttemptUnknown', { attempt: 2, worker: 'a' });
    await add('NotificationHeld', { attempt: 2 });
    for (const MessageStatus of ['failed', 'delivered']) expect((await report({ MessageStatus }, { attempt: 1 })).status).toBe(204);
    expect((await types()).at(-1)).toBe('Held');
    await report({ MessageStatus: 'delivered', MessageSid: 'SM2' }, { attempt: 2 });
    expect((await events()).at(-1)).toMatchObject({ type: 'NotificationReported', data: { delivered: true } });
  });

  it('that it did not arrive is of interest for the last attempt alone', async () => {
    await serve();
    await add('NotificationAttemptUnknown', { attempt: 1, worker: 'a' });
    await add('NotificationDeferred', { attempt: 1, error: 'socket hang up', nextAttemptAt: '2026-11-21T09:01:00.000Z' });
    await add('NotificationProcessing', { ...processing, attempt: 2 });
    await add('NotificationSent', { attempt: 2, providerId: 'SM2' });
    await report({ MessageStatus: 'undelivered' }, { attempt: 1 });
    expect((await types()).at(-1)).toBe('Sent');
    await report({ MessageStatus: 'undelivered', MessageSid: 'SM2' }, { attempt: 2 });
    expect((await types()).at(-1)).toBe('Reported');
  });

  it('of what failed with an attempt whose fate was unknown, that it had arrived, counts', async () => {
    await serve();
    await add('NotificationAttemptUnknown', { attempt: 1, worker: 'a' });
    await add('NotificationFailed', { attempt: 1, error: 'no answer' });
    await report({ MessageStatus: 'undelivered' }, { attempt: 1 });
    expect((await types()).at(-1)).toBe('Failed');
    await report({ MessageStatus: 'delivered' }, { attempt: 1 });
    expect((await types()).at(-1)).toBe('Reported');
  });

  it('with the number of an attempt is refused where that was not what was signed', async () => {
    await serve();
    await sent();
    expect((await report({ MessageStatus: 'delivered' }, { path: reportUrl('', ID, 2), signature: 'x' })).status).toBe(403);
    expect((await report({ MessageStatus: 'delivered' }, { path: `${reportUrl('', ID)}?attempt=last` })).status).toBe(400);
  });

  it('ends what waits for its next attempt and had arrived', async () => {
    await serve();
    await add('NotificationAttemptUnknown', { attempt: 1, worker: 'a' });
    await add('NotificationDeferred', { attempt: 1, error: 'socket hang up', nextAttemptAt: '2026-11-21T09:01:00.000Z' });
    await report({ MessageStatus: 'delivered' });
    expect((await types()).at(-1)).toBe('Reported');
  });

  it('tells what became of one whose fate was unknown', async () => {
    await add('NotificationAttemptUnknown', { attempt: 1, worker: 'a' });
    await add('NotificationHeld', { attempt: 1 });
    await serve();
    await report({ MessageStatus: 'delivered' });
    expect((await types()).at(-1)).toBe('Reported');
  });

  it('that comes before it is recorded that it was taken waits for that', async () => {
    await serve();
    const reporting = report({ MessageStatus: 'delivered' });
    await sent();
    expect((await reporting).status).toBe(204);
    expect((await types()).slice(-2)).toEqual(['Sent', 'Reported']);
  });

  it('is refused where the signature is missing, of another form, another address or another token', async () => {
    await sent();
    await serve();
    const form = { AccountSid: 'AC1', To: '+4915112345678', MessageSid: SID, MessageStatus: 'delivered' };
    const of = (...args: Parameters<typeof signatureOf>) => report({ MessageStatus: 'delivered' }, { signature: signatureOf(...args) });
    for (const { status } of [
      await report({ MessageStatus: 'delivered' }, { signature: '' }),
      await of(reportUrl(PUBLIC, ID), { ...form, MessageStatus: 'failed' }, TOKEN),
      await of(reportUrl('https://elsewhere.example.org', ID), form, TOKEN),
      await of(reportUrl(PUBLIC, ID), form, 'another token'),
    ])
      expect(status).toBe(403);
    expect(await types()).toEqual(['Requested', 'Processing', 'Sent']);
  });

  it('is refused where no provider sends SMS: no signature is right', async () => {
    await serve(null);
    expect((await report({ MessageStatus: 'delivered' })).status).toBe(403);
    expect((await report({ MessageStatus: 'delivered' }, { signature: signatureOf(reportUrl(PUBLIC, ID), {}, '') })).status).toBe(403);
  });

  it('of what is no SMS is not found', async () => {
    await serve();
    expect((await report({ MessageStatus: 'delivered' }, { id: '00000000-0000-4000-8000-000000000000' })).status).toBe(404);
  });

  it('is a form: JSON is refused with 415', async () => {
    await serve();
    const answer = await fetch(`${address()}/api/notifications/${ID}/sms-status`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect([answer.status, answer.headers.get('accept')]).toEqual([415, 'application/x-www-form-urlencoded']);
  });
});
