/** Opens the mailer that a URL names. */
import { join } from 'node:path';
import type { Mailer } from './mailer.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { openSmtp } from './smtp.ts';

/** A mailer, and the outbox where it is one. */
export interface OpenMailer {
  mailer: Mailer;
  outbox: Outbox | null;
}

/** MAIL_URL or MAIL_FROM is wrong; the message says how it should be. */
export class MailSettingsError extends Error {
  override readonly name = 'UserError';
}

/** `outbox:` (a file in `dataDir`), `smtp://host` or `smtps://host`. `from`: an address, or `Name <address>`. Errors: MailSettingsError, OutboxError. */
export function openMailer(url: string, { dataDir, from }: { dataDir: string; from: string }): OpenMailer {
  const scheme = url.split(':')[0];
  if (scheme === 'outbox') {
    const outbox = openOutbox(join(dataDir, 'outbox.db'));
    return { mailer: outbox, outbox };
  }
  if (scheme !== 'smtp' && scheme !== 'smtps')
    throw new MailSettingsError(`MAIL_URL: there is no mailer for ${scheme}: here; use outbox:, smtp: or smtps:`);
  checkSmtp(url, from);
  return { mailer: openSmtp({ url, from }), outbox: null };
}

/** What nodemailer would make something else of: no host is this machine to it, and without an address it leaves out From. The URL may hold a password. */
function checkSmtp(url: string, from: string): void {
  if (!URL.canParse(url) || new URL(url).hostname === '')
    throw new MailSettingsError(
      'MAIL_URL must name a server, like smtp://user:password@mail.example.org:587 (a % in the password as %25, an @ as %40).',
    );
  if (!/^([^<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(from.trim()))
    throw new MailSettingsError(`MAIL_FROM must be an address, or like taskledger <no-reply@example.org>; it is ${JSON.stringify(from)}.`);
}
