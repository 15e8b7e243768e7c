/** What becomes of a message of which nobody knows whether it was taken, as it is configured. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type GotText, type Provider, type ProviderAnswer, startProvider } from '../notifier/texter/http/provider.fixture.ts';
import { signatureOf } from '../notifier/texter/http/signature.ts';
import { freePort } from '../servers/free-port.ts';
import { deadLettersOf, listedDead } from './dead-letters.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Backend, backendOf } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let mail: MailServer;
let provider: Provider;
let system: Installation;
let backend: Backend;
/** Mail addresses whose next mail is taken without a word: the connection goes. */
const dropped = new Set<string>();
/** What the provider does with each text before the others. */
let textAnswer: (text: GotText) => ProviderAnswer = () => 'take';

beforeAll(async () => {
  mail = await startMailServer(({ to }) => (dropped.delete(to) ? 'drop' : 'take'));
  provider = await startProvider((text) => textAnswer(text));
  const port = String(await freePort());
  const receivers = {
    UNCONFIRMED: 'all',
    MAIL_URL: mail.url,
    SMS_URL: provider.url,
    SMS_FROM: '+4915700000001',
    PORT: port,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  };
  system = await openInstallation({ ...receivers, UNKNOWN_MAIL: 'hold', UNKNOWN_SMS: 'again' });
  backend = await backendOf(system);
});
afterAll(async () => {
  await system?.remove();
  await Promise.all([mail?.stop(), provider?.stop()]);
});

async function sendDropped(recipient: string): Promise<string> {
  dropped.add(recipient);
  return backend.send({ type: 'email', recipient, content: 'Did you get this?' });
}
const given = (recipient: string) => mail.given.filter(({ to }) => to === recipient).map(({ id }) => id.slice(0, id.indexOf('@')));
/** Waits until the list has this of it. */
const isShown = (id: string, what: object) =>
  vi.waitFor(async () => expect((await system.admin.ok(`GET /api/notifications/${id}`)).body).toMatchObject(what), { timeout: 20_000, interval: 20 });

const sms = (content: string) => ({ type: 'sms', recipient: '+4915112345678', content });
const timesGiven = (content: string) => provider.given.filter(({ body }) => body === content).length;
/** Drops the connection when a text comes first, and does what is said. */
function dropFirst(content: string, and: (text: GotText) => void = () => {}): void {
  textAnswer = (text) => {
    if (text.body !== content || timesGiven(content) > 0) return 'take';
    and(text);
    return 'drop';
  };
}

/** Resolves once it is later than any second attempt at what went wrong before would be: then one that was to come has come. */
async function secondAttemptsAreOver(): Promise<void> {
  const sendAt = new Date(Date.now() + 1_500).toISOString();
  const later = [sms(`Later ${sendAt}`), { type: 'email', recipient: 'later@example.org', content: 'Later.' }];
  const ids = await Promise.all(later.map((message) => backend.send({ ...message, sendAt })));
  await Promise.all(ids.map((id) => backend.becomes(id, 'sent')));
}

describe('UNKNOWN_MAIL=hold', () => {
  it('a mail whose connection goes after its content is a dead letter with its reason, and goes out again only when it is retried', async () => {
    const recipient = 'held@example.org';
    const id = await sendDropped(recipient);
    const told = await backend.becomes(id, 'unknown');
    expect(told).toMatchObject({ attempts: 1, nextAttemptAt: null, lastError: 'Connection closed unexpectedly' });
    await secondAttemptsAreOver();
    expect(given(recipient)).toEqual([id]);
    expect(await listedDead(system.admin, 'email_notifications', { id })).toMatchObject({
      status: 'unknown',
      kind: 'message',
      reason: told.lastError,
    });
    const deadLetters = deadLettersOf(system.env);
    expect((await deadLetters('list', 'email_notifications')).out).toContain(told.lastError);
    expect((await deadLetters('retry', '--all')).out).toContain('email_notifications: 0 tried again\n  Those that are unknown were left alone');
    expect(await deadLetters('retry', id)).toEqual({ code: 0, out: `${id} is tried again.\n`, err: '' });
    await backend.becomes(id, 'sent');
    expect(given(recipient)).toEqual([id, id]);
    await isShown(id, { status: 'sent', attempts: 2, unknownAttempts: [1] });
  });
});

describe('UNKNOWN_SMS=again', () => {
  it('an SMS whose connection goes is handed over again', async () => {
    dropFirst('Are you there?');
    const id = await backend.send(sms('Are you there?'));
    expect(await backend.becomes(id, 'sent')).toMatchObject({ attempts: 2 });
    expect(timesGiven('Are you there?')).toBe(2);
    await isShown(id, { status: 'sent', unknownAttempts: [1] });
  });

  it('an SMS that the provider reports as delivered before the next attempt is sent, and not handed over again', async () => {
    const reported = Promise.withResolvers<number>();
    dropFirst('It is delivered.', (text) => void report(text).then(reported.resolve, reported.reject));
    const id = await backend.send(sms('It is delivered.'));
    expect(await reported.promise).toBe(204);
    const told = await backend.becomes(id, 'sent');
    expect(told).toMatchObject({ attempts: 1, nextAttemptAt: null });
    expect(told.history.map((step: { status: string }) => step.status)).toEqual(['pending', 'processing', 'unknown', 'pending', 'sent']);
    await secondAttemptsAreOver();
    expect(timesGiven('It is delivered.')).toBe(1);
    expect(await backend.statusOf(id)).toEqual(told);
  });

  /** As the provider tells that an SMS arrived, which it took without a word. Answers the status. */
  async function report({ statusCallback = '', to }: GotText): Promise<number> {
    const form = { MessageSid: 'SM0123456789abcdef0123456789abcdef', MessageStatus: 'delivered', To: to };
    const headers = { 'X-Twilio-Signature': signatureOf(statusCallback, form, provider.token) };
    return (await fetch(statusCallback, { method: 'POST', headers, body: new URLSearchParams(form) })).status;
  }
});

describe('without a word about it', () => {
  beforeAll(async () => {
    await system.stop();
    Object.assign(system.env, { UNKNOWN_MAIL: '', UNKNOWN_SMS: '' });
    await system.start();
  });

  it('a mail whose connection goes is sent again with the same Message-ID, and the attempt is shown as unknown', async () => {
    const recipient = 'again@example.org';
    const id = await sendDropped(recipient);
    await backend.becomes(id, 'sent');
    const [first, second, ...more] = mail.given.filter(({ to }) => to === recipient).map((one) => one.id);
    expect([first, more]).toEqual([second, []]);
    expect(first).toMatch(new RegExp(`^${id}@`));
    await isShown(id, { status: 'sent', attempts: 2, unknownAttempts: [1] });
  });

  it('an SMS whose connection goes is held', async () => {
    dropFirst('And this?');
    const id = await backend.send(sms('And this?'));
    await backend.becomes(id, 'unknown');
    expect(await listedDead(system.admin, 'sms_notifications', { id })).toMatchObject({ status: 'unknown' });
    expect(timesGiven('And this?')).toBe(1);
  });
});
