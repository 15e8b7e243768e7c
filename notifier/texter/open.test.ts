import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutbox } from '../mailer/outbox/outbox.ts';
import { openTexter, reachesUs, smsFromProblem, smsUrlProblem } from './open.ts';

const GOOD = 'https://AC1:t%2F0ken@api.example.org/2010-04-01/Accounts/AC1/Messages.json';
const TEXT = { to: '+4915112345678', text: 'Hello', id: '7d9f2b2e', statusCallback: null };
const signal = new AbortController().signal;
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'texter-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('SMS_URL', () => {
  it.each(['outbox:', 'none:', GOOD, 'http://AC1:token@127.0.0.1:8080/Messages.json', 'http://AC1:token@localhost/', 'http://AC1:token@[::1]:1/'])(
    'may be %s',
    (url) => expect(smsUrlProblem(url)).toBeUndefined(),
  );
  it.each(['http://AC1:token@api.example.org/', 'http://AC1:token@127.0.0.1.example.org/'])('may not send the token in the clear: %s', (url) =>
    expect(smsUrlProblem(url)).toMatch(/^must begin with https:/),
  );
  it.each(['https://api.example.org/', 'https://AC1@api.example.org/', 'https://:token@api.example.org/', 'https://AC1:%zz@api.example.org/'])(
    'must hold account and token: %s',
    (url) => expect(smsUrlProblem(url)).toMatch(/^must hold the account and its token/),
  );
  it.each(['carrier-pigeon:', 'https:', 'https://', 'outbox:elsewhere', ''])('"%s" is none', (url) =>
    expect(smsUrlProblem(url)).toMatch(/^must be outbox:, none: or/),
  );
  it('is never repeated', () => expect(smsUrlProblem('http://AC1:hunter22@api.example.org/')).not.toContain('hunter22'));
});

describe('SMS_FROM', () => {
  it.each(['+4915112345678', '12345', 'taskledger', 'Haus 12'])('may be %s', (from) => expect(smsFromProblem(from)).toBeUndefined());
  it.each(['', '+0', 'a name that is too long', '<script>', '+49 151 12345678'])('may not be "%s"', (from) =>
    expect(smsFromProblem(from)).toMatch(/^must be a phone number/),
  );
});

it('a provider is asked for reports where it reaches us: not at an address of this machine, but from this machine', () => {
  const here = 'http://AC1:token@127.0.0.1:8080/';
  const asked = [
    ...[GOOD, here].map((url) => reachesUs(url, 'https://tasks.example.org')),
    ...[GOOD, here, 'outbox:'].map((url) => reachesUs(url, 'http://localhost:8080')),
    reachesUs(GOOD, undefined),
  ];
  expect(asked).toEqual([true, true, false, true, false, false]);
});

describe('the texter', () => {
  it('is not opened where another process sends', () => {
    expect(smsUrlProblem('elsewhere:')).toBeUndefined();
    expect(() => openTexter('elsewhere:', { dataDir, from: 'taskledger' })).toThrow(/^SMS_URL is elsewhere: in a process that sends SMS/);
  });
  it('is a provider, whose token signs reports', async () => {
    expect(openTexter(GOOD, { dataDir, from: 'taskledger' })).toMatchObject({ outbox: null, tokens: ['t/0ken'] });
  });
  it('is the outbox that mails have, where an SMS is shown once, with its channel', async () => {
    const { texter, outbox, tokens } = openTexter('outbox:', { dataDir, from: 'taskledger' });
    const mails = openOutbox(join(dataDir, 'outbox.db'));
    for (const _ of [1, 2]) await texter.send(TEXT, signal);
    await mails.send({ to: { name: 'Bob', address: 'bob@example.org' }, subject: 'Hi', text: 'Hi', html: '', messageId: '1@example.org' }, signal);
    expect([tokens, outbox?.list({ limit: 10 }).map(({ channel, to }) => [channel, to])]).toEqual([
      [],
      [
        ['email', 'bob@example.org'],
        ['sms', TEXT.to],
      ],
    ]);
    expect(mails.list({ channel: 'sms', limit: 10 })).toMatchObject([{ to: TEXT.to, subject: '', text: 'Hello', messageId: TEXT.id }]);
    expect(mails.list({ to: TEXT.to, limit: 10 })).toHaveLength(1);
    await texter.close();
    await mails.close();
  });
  it('may be nobody: then it is refused with a word on what is missing', async () => {
    const { texter, outbox } = openTexter('none:', { dataDir, from: 'taskledger' });
    expect(outbox).toBeNull();
    await expect(texter.send(TEXT, signal)).rejects.toThrow(
      expect.objectContaining({ name: 'Refused', message: expect.stringContaining('SMS_URL') }),
    );
  });
  it.each([`MG${'0123456789abcdef'.repeat(2)}`, '+4915112345678', '12345', 'taskledger'])('has the sender %s', (from) =>
    expect(smsFromProblem(from)).toBeUndefined(),
  );
  it.each([`MG${'x'.repeat(32)}`, `AC${'0123456789abcdef'.repeat(2)}`])('has no sender %s', (from) =>
    expect(smsFromProblem(from)).toMatch(/messaging service/),
  );
  it('takes an outbox from before there were SMS', async () => {
    const old = new DatabaseSync(join(dataDir, 'outbox.db'));
    old.exec(`CREATE TABLE mails (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL,
      text TEXT NOT NULL, html TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE, time TEXT NOT NULL) STRICT;
      INSERT INTO mails (address, name, subject, text, html, message_id, time) VALUES ('bob@example.org', '', 'old', '', '', '1', '')`);
    old.close();
    for (const _ of [1, 2]) {
      const { texter, outbox } = openTexter('outbox:', { dataDir, from: 'taskledger' });
      await texter.send(TEXT, signal);
      expect(outbox?.list({ limit: 10 }).map(({ channel }) => channel)).toEqual(['sms', 'email']);
      await texter.close();
    }
  });
});
