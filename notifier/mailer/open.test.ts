import { describe, expect, it } from 'vitest';
import { openMailer } from './open.ts';

const open = (url: string, from = 'taskledger <no-reply@example.org>') => openMailer(url, { dataDir: '/nowhere', from });

describe('a mailer', () => {
  it.each(['smtp:', 'smtp://', 'smtp:mail.example.org', 'smtp://mail.example.org:99999', 'smtps://ma il', 'smtp://:25'])(
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
  it('never shows the password of a wrong URL', () =>
    expect(() => open('smtp://me:hunter22@mail:99999')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter22') })));
  it.each(['no-reply@localhost', '<a@b.example>', 'Task Ledger <no-reply@example.org>'])('is opened for the sender %s', async (from) => {
    await open('smtps://me:secret@mail.example.org:465', from).mailer.close();
  });
});
