/** Opens the mailer that a URL names. */

import { join } from 'node:path';
import { UserError } from '../../platform/user-error.ts';
import type { Mailer } from './mailer.ts';
import { type Outbox, openOutbox } from './outbox/outbox.ts';
import { openSmtp } from './smtp/smtp.ts';

/** A mailer, and the outbox where it is one. */
export interface OpenMailer {
  mailer: Mailer;
  outbox: Outbox | null;
}

/** MAIL_URL or MAIL_FROM is wrong; the message says how it should be. */
export class MailSettingsError extends UserError {}

/** `outbox:` (a file in `dataDir`), `smtp://host` or `smtps://host`. `from`: an address, or `Name <address>`. Errors: MailSettingsError, OutboxError. */
export function openMailer(url: string, { dataDir, from }: { dataDir: string; from: string }): OpenMailer {
  const problems = [named('MAIL_URL', mailUrlProblem(url)), named('MAIL_FROM', mailFromProblem(from))].filter(Boolean);
  if (problems.length > 0) throw new MailSettingsError(problems.join('; '));
  if (url.startsWith('outbox:')) {
    const outbox = openOutbox(join(dataDir, 'outbox.db'));
    return { mailer: outbox, outbox };
  }
  return { mailer: openSmtp({ url, from }), outbox: null };
}

function named(variable: string, problem: string | undefined): string | undefined {
  return problem && `${variable} ${problem}`;
}

/** What is wrong with a MAIL_URL, if anything is. (To nodemailer no host is this machine.) The URL may hold a password and is not repeated. */
export function mailUrlProblem(url: string): string | undefined {
  const scheme = url.split(':')[0] ?? '';
  if (scheme === 'outbox') return undefined;
  if (!['smtp', 'smtps'].includes(scheme)) return `must begin with outbox:, smtp: or smtps:; there is no mailer for ${scheme}: here`;
  if (URL.canParse(url) && new URL(url).hostname !== '') return undefined;
  return 'must name a server, like smtp://user:password@mail.example.org:587 (a % in the password as %25, an @ as %40)';
}

/** What is wrong with a MAIL_FROM, if anything is. (Without an address nodemailer leaves out From.) */
export function mailFromProblem(from: string): string | undefined {
  if (/^([^<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/.test(from.trim())) return undefined;
  return 'must be an address, or like taskledger <no-reply@example.org>';
}
