import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Provider, type ProviderAnswer, startProvider } from '../notifier/texter/http/provider.fixture.ts';
import { signatureOf } from '../notifier/texter/http/signature.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let provider: Provider;
let system: Installation;
let answer: ProviderAnswer = 'take';

beforeAll(async () => {
  provider = await startProvider(() => answer);
  const port = await freePort();
  system = await openInstallation({ SMS_URL: provider.url, SMS_FROM: '+4915700000001', PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await system.remove();
  await provider.stop();
});

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

async function send(content: string): Promise<string> {
  const { status, body } = await system.admin.call('POST /api/v1/notifications/send', { type: 'sms', recipient: '+4915112345678', content });
  expect([status, body.status]).toEqual([202, 'pending']);
  return body.id;
}
const statusIs = (id: string, status: string) =>
  vi.waitFor(async () => expect((await system.admin.ok(`GET /api/notifications/${id}`)).body.status).toBe(status), { timeout: 20_000, interval: 50 });

it('an SMS goes to the provider, which reports what became of it; a report without its signature counts nothing', async () => {
  const id = await send('The lift is mended.');
  await statusIs(id, 'sent');
  const [text] = provider.taken;
  expect(text).toMatchObject({ to: '+4915112345678', from: '+4915700000001', body: 'The lift is mended.' });
  const { statusCallback = '', sid = '' } = text ?? {};
  const form = { MessageSid: sid, MessageStatus: 'undelivered', ErrorCode: '30003', To: '+4915112345678' };
  const report = (signature: string) =>
    fetch(statusCallback, { method: 'POST', headers: { 'X-Twilio-Signature': signature }, body: new URLSearchParams(form) });
  expect((await report(signatureOf(statusCallback, form, 'another token'))).status).toBe(403);
  await statusIs(id, 'sent');
  expect((await report(signatureOf(statusCallback, form, provider.token))).status).toBe(204);
  await statusIs(id, 'failed');
});

it('an SMS of which nobody knows whether it was taken is not sent again', async () => {
  answer = 'drop';
  const before = provider.given.length;
  const id = await send('Did you get this?');
  await statusIs(id, 'unknown');
  expect(provider.given.length).toBe(before + 1);
  answer = 'take';
});

it('an SMS that is refused for good lies in the dead queue, with its reason in its status', async () => {
  answer = 400;
  const id = await send('No such number.');
  await statusIs(id, 'failed');
  answer = 'take';
  const { body } = await system.admin.ok(`GET /api/notifications/${id}`);
  expect(body.lastError).toMatch(/^the provider answered 400 20400$/);
  await vi.waitFor(async () => {
    const { items } = (await system.admin.ok('GET /api/admin/queues')).body;
    expect(items.find(({ name }: { name: string }) => name === 'sms_notifications.dead')?.depth).toBe(1);
  });
});
