/** What a mail server that takes its time does to mails: nothing, but that they take their time. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../notifier/mailer/smtp/smtp.fixture.ts';
import { notificationHistories, openRig, type Rig } from './notifications/whole-path.fixture.ts';

const patience = { timeout: 60_000, interval: 50 };
let server: TestServer;
let rig: Rig;

beforeEach(async () => {
  server = await startTestServer();
});
afterEach(async () => {
  await rig.close();
  await server.close();
});

async function histories(): Promise<string[][]> {
  return [...(await notificationHistories(rig.store)).values()].map((events) => events.map(({ type }) => type.slice('Notification'.length)));
}
const last = async () => (await histories()).map((types) => types.at(-1));

describe('a mail server that takes its time', () => {
  it.each([
    ['to answer the final dot', { data: 4_000 }],
    ['to greet', { greeting: 4_000 }],
  ])(
    'takes each mail once, with the settings that are no settings, though it takes longer than a lease %s',
    { timeout: 120_000 },
    async (_, slow) => {
      server.behave({ slow });
      rig = await openRig(server.url);
      await rig.startNotifier({ lease: 1_000, again: 500 });
      for (const n of [1, 2]) await rig.send('email', `person-${n}@example.org`, `Message ${n}.`);
      await vi.waitFor(async () => expect(await last()).toEqual(['Sent', 'Sent']), patience);
      expect(server.received).toHaveLength(2);
      for (const types of await histories()) {
        expect(types.length).toBeGreaterThan(3);
        expect(new Set(types)).toEqual(new Set(['Requested', 'Processing', 'Sent']));
      }
    },
  );

  it('for some mails holds up no others of the worker', { timeout: 120_000 }, async () => {
    server.behave({ slow: { data: 600_000 } });
    rig = await openRig(server.url);
    await rig.startNotifier({ workers: { email: 1, sms: 0 }, grace: 50 });
    for (const n of [1, 2]) await rig.send('email', `person-${n}@example.org`, `Message ${n}.`);
    await vi.waitFor(() => expect(server.received).toHaveLength(2), patience);
    server.behave('accept');
    await rig.send('email', 'person-3@example.org', 'Message 3.');
    await vi.waitFor(async () => expect((await last()).toSorted()).toEqual(['Processing', 'Processing', 'Sent']), patience);
  });
});

describe('a mail server that offers no TLS to a password', () => {
  it('makes the mails wait, with one line that names the setting, and none takes an attempt or is a dead letter', { timeout: 120_000 }, async () => {
    rig = await openRig(`smtp://me:pw@0x7f.1:${server.port}`);
    await rig.startNotifier({ again: 50, attempts: 1 });
    for (const n of [1, 2, 3, 4, 5]) await rig.send('email', `person-${n}@example.org`, `Message ${n}.`);
    await vi.waitFor(async () => expect(await last()).toContain('Deferred'), patience);
    await vi.waitFor(async () => expect(await last()).not.toContain('Processing'), patience);
    expect((await histories()).flat().filter((type) => ['Failed', 'AttemptUnknown', 'Sent'].includes(type))).toEqual([]);
    expect(rig.logged.filter((line) => line.startsWith('MAIL_URL: messages wait: the mail server offers no TLS'))).toHaveLength(1);
    expect(server.received).toEqual([]);
  });
});

describe('two mail servers', () => {
  it('share the work: what one has surely not taken goes to the other, and the history says which it was', { timeout: 120_000 }, async () => {
    const spare = await startTestServer();
    server.behave({ greeting: 421 });
    rig = await openRig(`${server.url}?label=main ${spare.url}?label=spare`);
    await rig.startNotifier();
    for (const n of [1, 2, 3]) await rig.send('email', `person-${n}@example.org`, `Message ${n}.`);
    await vi.waitFor(async () => expect(await last()).toEqual(['Sent', 'Sent', 'Sent']), patience);
    expect([server.received.length, spare.received.length]).toEqual([0, 3]);
    const sent = [...(await notificationHistories(rig.store)).values()].map((events) => events.at(-1)?.data);
    expect(sent).toEqual([1, 2, 3].map(() => ({ attempt: 1, provider: 'spare' })));
    await spare.close();
  });

  it('are given what one may have taken again by that rule alone: with its Message-ID', { timeout: 120_000 }, async () => {
    const spare = await startTestServer();
    server.behave('take and drop');
    rig = await openRig(`${server.url}?label=main ${spare.url}?label=spare`);
    await rig.startNotifier();
    await rig.send('email', 'person-1@example.org', 'Message 1.');
    await vi.waitFor(() => expect(server.received).toHaveLength(1), patience);
    await vi.waitFor(async () => expect((await histories())[0]).toContain('AttemptUnknown'), patience);
    expect(spare.received).toEqual([]);
    server.behave('accept');
    await vi.waitFor(async () => expect(await last()).toEqual(['Sent']), patience);
    const ids = [...server.received, ...spare.received].map((mail) => /^Message-ID: (.*)$/im.exec(mail)?.[1]);
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
    await spare.close();
  });
});
