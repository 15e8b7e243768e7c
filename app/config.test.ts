import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig, siteName } from './config.ts';

describe('how mails and SMS are sent', () => {
  it('has defaults', () => {
    expect(readConfig({})).toMatchObject({
      SMS_URL: 'outbox:',
      SMS_FROM: 'taskledger',
      DELIVERY_ATTEMPTS: 5,
      DELIVERY_WAIT_DAYS: 5,
      LEASE_SECONDS: 120,
      UNKNOWN_MAIL: 'again',
      UNKNOWN_SMS: 'hold',
    });
  });

  it('keeps SMS in an outbox only where mails are, too: beside a mail server there may be several processes, and one outbox is not all of theirs', () => {
    expect(readConfig({ MAIL_URL: 'smtp://mail' }).SMS_URL).toBe('none:');
    expect(readConfig({ MAIL_URL: 'smtp://mail', SMS_URL: 'outbox:' }).SMS_URL).toBe('outbox:');
    expect(readConfig({ MAIL_URL: 'outbox:' }).SMS_URL).toBe('outbox:');
  });

  it('says by SMS whether any are sent, in every part, and where to by SMS_URL in the one that sends', () => {
    const MAIL_URL = 'elsewhere:';
    expect(['on', 'off', ''].map((SMS) => readConfig({ MAIL_URL, SMS }).SMS_URL)).toEqual(['elsewhere:', 'none:', 'none:']);
    const SMS_URL = 'https://account:token@sms.example.org/Messages.json';
    expect(['on', 'off', ''].map((SMS) => readConfig({ SMS, SMS_URL }).SMS_URL)).toEqual([SMS_URL, 'none:', SMS_URL]);
    expect(readConfig({ SMS: 'on' }).SMS_URL).toBe('outbox:');
    expect(readConfig({ SMS: 'off', SMS_URL: 'none:' }).SMS_URL).toBe('none:');
    expect(() => readConfig({ SMS: 'on', SMS_URL: 'none:' })).toThrow(/^SMS_URL is none:, and SMS is on.*set SMS=off/);
  });

  it('takes MAIL_ATTEMPTS, as DELIVERY_ATTEMPTS was called before, where the new name is not set', () => {
    expect(readConfig({ MAIL_ATTEMPTS: '7' }).DELIVERY_ATTEMPTS).toBe(7);
    expect(readConfig({ MAIL_ATTEMPTS: '7', DELIVERY_ATTEMPTS: '3' }).DELIVERY_ATTEMPTS).toBe(3);
  });

  it.each([
    ['SMS_URL', 'http://AC1:hunter22@api.example.org/', /^SMS_URL must begin with https:/],
    ['SMS', 'yes', /^SMS must be on or off \(it is "yes"\)/],
    ['SMS_FROM', 'nobody in particular', /^SMS_FROM must be a phone number/],
    ['LEASE_SECONDS', '0', /^LEASE_SECONDS must be a whole number from 1 to 3600/],
    ['UNKNOWN_SMS', 'maybe', /^UNKNOWN_SMS must be again or hold/],
  ])('names a wrong %s, and shows no token', (name, value, refusal) => {
    const read = () => readConfig({ [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(refusal);
    expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter22') }));
  });
});

describe('the name of the site', () => {
  it.each([
    [{ SITE_NAME: 'The House', PUBLIC_URL: 'https://tasks.example.org' }, 'The House'],
    [{ PUBLIC_URL: 'https://tasks.example.org:8443/' }, 'tasks.example.org'],
    [{ SITE_NAME: '', PUBLIC_URL: 'http://localhost:8080' }, 'taskledger'],
    [{ PUBLIC_URL: 'http://127.0.0.1:3000' }, 'taskledger'],
    [{ PUBLIC_URL: 'http://[::1]:3000' }, 'taskledger'],
    [{}, 'taskledger'],
  ])('is SITE_NAME, else the host of PUBLIC_URL where others know it by that: %j is %s', (env, name) => {
    expect(siteName(readConfig(env))).toBe(name);
  });
});

describe('REQUIRE_2FA', () => {
  it('is a list of roles, and names what is none', () => {
    expect(readConfig({ REQUIRE_2FA: 'admin, staff' }).REQUIRE_2FA).toEqual(['admin', 'staff']);
    expect(readConfig({ REQUIRE_2FA: '' }).REQUIRE_2FA).toBeUndefined();
    expect(() => readConfig({ REQUIRE_2FA: 'admin,root' })).toThrow(/^REQUIRE_2FA must be roles separated by commas, of admin, member/);
  });
});

describe('ORDER_RULES', () => {
  const folder = mkdtempSync(join(tmpdir(), 'order-rules-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it('that is wrong stops the start, named', () => {
    const path = file('broken.json', '{');
    expect(() => readConfig({ ORDER_RULES: path })).toThrow(
      new ConfigError(`ORDER_RULES must name a JSON file of order rules: this is no JSON (it is ${JSON.stringify(path)})`),
    );
    expect(readConfig({ ORDER_RULES: file('empty.json', '{}') }).ORDER_RULES).toBeDefined();
    // Who works no orders need not have it.
    expect(readConfig({ ORDER_RULES: path }, ['ORDER_RULES']).ORDER_RULES).toBeUndefined();
  });
});
