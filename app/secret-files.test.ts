import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig, SECRET_SETTINGS } from './config.ts';
import { loadEnvFile } from './env-file.ts';
import { loadSecretFiles } from './secret-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
function loaded(env: Record<string, string | undefined>): Record<string, string | undefined> {
  loadSecretFiles(env);
  return env;
}

describe('a setting that is a secret', () => {
  it('is one that holds a password or a key: all servers, and what signs, seals or lets in', () => {
    expect(SECRET_SETTINGS).toEqual(
      expect.arrayContaining(['JWT_SECRET', 'MAIL_URL', 'SMS_URL', 'SECRETS_URL', 'S3_SECRET_KEY', 'OIDC_CLIENT_SECRET', 'ADMIN_PASSWORD']),
    );
    expect(SECRET_SETTINGS).not.toContain('PORT');
  });

  it.each(['JWT_SECRET', 'MAIL_URL', 'OIDC_CLIENT_SECRET', 'ADMIN_PASSWORD'])('%s may be in a file, without the line break at its end', (name) => {
    for (const end of ['', '\n', '\r\n']) expect(loaded({ [`${name}_FILE`]: file('one', `smtp://a b:1${end}`) })).toEqual({ [name]: 'smtp://a b:1' });
    expect(loaded({ [`${name}_FILE`]: file('one', ' two\nlines \n\n') })[name]).toBe(' two\nlines \n');
  });

  it('is read of the file as of the variable', () => {
    const env = loaded({ MAIL_URL_FILE: file('mail', 'smtps://user:secret@mail.example.org\n') });
    expect(readConfig(env).MAIL_URL).toBe('smtps://user:secret@mail.example.org');
  });

  it('is not in two places, nor in a file that is empty or not there: every one is named, and no content', () => {
    const secret = file('secret', 'never shown');
    const env = {
      JWT_SECRET: 'x',
      JWT_SECRET_FILE: secret,
      MAIL_URL_FILE: join(folder, 'none'),
      SMS_URL_FILE: file('empty', '\n'),
      BUS_URL_FILE: folder,
    };
    const refusal = (() => {
      try {
        loadSecretFiles(env);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    })();
    for (const name of ['JWT_SECRET_FILE are both set', 'MAIL_URL_FILE', 'SMS_URL_FILE names an empty file', 'BUS_URL_FILE'])
      expect(refusal).toContain(name);
    expect(refusal).not.toContain('never shown');
    expect(refusal).not.toContain('\n');
  });

  it('is left alone where its _FILE is empty, and so is the _FILE of what is no secret', () => {
    expect(loaded({ MAIL_URL: 'outbox:', MAIL_URL_FILE: '', PORT_FILE: '/etc/hostname' })).toEqual({
      MAIL_URL: 'outbox:',
      MAIL_URL_FILE: '',
      PORT_FILE: '/etc/hostname',
    });
  });

  it('may be named by .env, seen from there', () => {
    file('mail', 'smtp://mail.example.org');
    file('.env', 'MAIL_URL_FILE=mail\n');
    const env: Record<string, string | undefined> = {};
    loadEnvFile(folder, env);
    expect(loaded(env)).toEqual({ MAIL_URL: 'smtp://mail.example.org' });
  });

  it.each([
    [
      'MAIL_URL',
      'smtps://u:p@h?ca=ca.pem&name=a.example.org smtps://u:p@i?name=b&ca=tls/b%20c.pem',
      'smtps://u:p@h?ca=HERE/ca.pem&name=a.example.org smtps://u:p@i?name=b&ca=HERE/tls/b%20c.pem',
    ],
    ['READ_MODELS_URL', 'mongodb://h/db?tls=true&tlsCAFile=./ca.pem', 'mongodb://h/db?tls=true&tlsCAFile=HERE/ca.pem'],
    ['SECRETS_URL', 'mongodb://h/db?tlsCertificateKeyFile=me.pem', 'mongodb://h/db?tlsCertificateKeyFile=HERE/me.pem'],
    [
      'EVENT_STORE_URL',
      'esdb://h:2113?tlsCaFile=ca.pem&userCertFile=%2Fetc%2Fme.pem',
      'esdb://h:2113?tlsCaFile=HERE/ca.pem&userCertFile=%2Fetc%2Fme.pem',
    ],
    ['SECRETS_URL', 'sqlite:kept/secrets.db', 'sqlite:HERE/kept/secrets.db'],
    ['MAIL_URL', 'smtps://h?ca=/etc/ssl/mail.pem', 'smtps://h?ca=/etc/ssl/mail.pem'],
    ['READ_MODELS_URL', 'sqlite:', 'sqlite:'],
    ['MAIL_FROM', 'Tasks?ca=ca.pem', 'Tasks?ca=ca.pem'],
  ])('of %s in .env names its files seen from there: %s', (name, given, seen) => {
    file('.env', `${name}=${JSON.stringify(given)}\n`);
    const env: Record<string, string | undefined> = {};
    loadEnvFile(folder, env);
    expect(env[name]).toBe(seen.replaceAll('HERE', folder));
  });
});
