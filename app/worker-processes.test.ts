import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';
import { checkWorkers, readWorkers } from './worker-processes.ts';

describe('--workers', () => {
  it('reads how many processes of each channel', () => {
    expect(Object.fromEntries(readWorkers('email=2,sms=1'))).toEqual({ email: 2, sms: 1 });
    expect(Object.fromEntries(readWorkers('sms=64'))).toEqual({ sms: 64 });
  });
  it.each(['', 'email', 'email=', 'email=65', 'in-app=1', 'toString=1', 'email=1,,sms=1'])('does not take "%s"', (text) => {
    expect(() => readWorkers(text)).toThrow(ConfigError);
  });
  it('are processes of their own, so each channel must go out by a server', () => {
    const check = (workers: string, env: Record<string, string>) => () => checkWorkers(readWorkers(workers), readConfig(env));
    const SMS_URL = 'https://AC1:token@api.example.org/';
    expect(check('email=1', {})).toThrow(/^MAIL_URL must name a mail server/);
    expect(check('sms=1', { MAIL_URL: 'smtp://mail' })).toThrow(/^SMS_URL must name a provider/);
    expect(check('sms=1', { SMS_URL: 'outbox:' })).toThrow(/^SMS_URL must name a provider/);
    expect(check('email=1', { MAIL_URL: 'smtp://mail' })).not.toThrow();
    expect(check('sms=1', { SMS_URL })).not.toThrow();
  });
});
