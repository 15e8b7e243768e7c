import { describe, expect, it } from 'vitest';
import { openMailer } from './open.ts';

const open = (url: string, from = 'taskledger <no-reply@example.org>') => openMailer(url, { dataDir: '/nowhere', from });

describe('a mailer', () => {
  it.each(['smtp:', 'smtp://', 'smtp:mail.example.org', 'smtp://mail.example.org:99999', 'smtp://:25'])(
    'is not opened for %s, which names no server',
    (url) => expect(() => open(url)).toThrow(/^MAIL_URL must name a server, like smtp:/),
  );
  it.each(['carrier-pigeon:', 'http://mail.example.org', ''])('is not opened for the scheme of "%s"', (url) =>
    expect(() => open(url)).toThrow(/^MAIL_URL must begin with outbox:, smtp: or smtps:; there is no mailer for .* here$/),
  );
  it.each(['taskledger', 'taskledger <>', 'a@', 'taskledger no-reply@example.org', '<a@b', 'a@b>'])(
    'is not opened for the sender %s, from whom no mail can come',
    (from) => expect(() => open('smtp://mail.example.org', from)).toThrow(/^MAIL_FROM must be an address/),
  );
  it.each(['smtps://ma il', 'smtp://a.example.org outbox:', 'smtp://me:hunter22 hunter22@mail.example.org', 'outbox: outbox:'])(
    'is not opened for %s, which are no URLs of servers with blanks between',
    (url) =>
      expect(() => open(url)).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/^MAIL_URL must have, with blanks between them, URLs that begin with smtp:(?!.*hunter)/),
        }),
      ),
  );
  it('is not opened for servers that have one label between them', () => {
    expect(() => open('smtp://a.example.org?label=x smtp://b.example.org?label=x')).toThrow(/another label/);
    expect(() => open('smtp://a.example.org?label=2 smtp://b.example.org')).toThrow(/another label/);
  });
  it('is not opened where another process sends', () =>
    expect(() => open('elsewhere:')).toThrow(/^MAIL_URL is elsewhere: in a process that sends mails/));
  it('is opened for several servers', async () => open('smtp://a.example.org\n smtps://b.example.org').mailer.close());
  it('never shows the password of a wrong URL', () =>
    expect(() => open('smtp://me:hunter22@mail:99999')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter22') })));
  it.each(['no-reply@localhost', '<a@b.example>', 'Task Ledger <no-reply@example.org>'])('is opened for the sender %s', async (from) => {
    await open('smtps://me:secret@mail.example.org:465', from).mailer.close();
  });
});
