/** Opens the mailer that a URL names. */

import { join } from 'node:path';
import { emailProblem } from '../../contracts/email.ts';
import { UserError } from '../../platform/user-error.ts';
import type { Mailer } from './mailer.ts';
import { type Outbox, type OutboxOptions, openOutbox } from './outbox/outbox.ts';
import { openSmtp } from './smtp/smtp.ts';

/** A mailer, and the same as an outbox where it is one; else null. */
export interface OpenMailer {
  mailer: Mailer;
  outbox: Outbox | null;
}

/** MAIL_URL or MAIL_FROM is wrong; the message says how it should be. */
export class MailSettingsError extends UserError {}

export interface OpenSender extends OutboxOptions {
  /** Folder of the embedded outbox's file. */
  dataDir: string;
  /** The sender of mails as `Name <address>`; of SMS a number or a name. */
  from: string;
}

/** Opens `outbox:` (a file in `dataDir`), `smtp://host` or `smtps://host`. Errors: MailSettingsError, OutboxError. */
export function openMailer(url: string, { dataDir, from, ...outboxOptions }: OpenSender): OpenMailer {
  const problems = [named('MAIL_URL', mailUrlProblem(url)), named('MAIL_FROM', mailFromProblem(from))].filter(Boolean);
  if (problems.length > 0) throw new MailSettingsError(problems.join('; '));
  if (url.startsWith('outbox:')) {
    const outbox = openOutbox(join(dataDir, 'outbox.db'), outboxOptions);
    return { mailer: outbox, outbox };
  }
  return { mailer: openSmtp({ url, from }), outbox: null };
}

function named(variable: string, problem: string | undefined): string | undefined {
  return problem && `${variable} ${problem}`;
}

/** The problem with a MAIL_URL, undefined for none. (A missing host would mean this machine to nodemailer.) It does not repeat the URL's password. */
export function mailUrlProblem(url: string): string | undefined {
  const scheme = url.split(':')[0] ?? '';
  if (scheme === 'outbox') return undefined;
  if (!['smtp', 'smtps'].includes(scheme)) return `must begin with outbox:, smtp: or smtps:; there is no mailer for ${scheme}: here`;
  if (URL.canParse(url) && new URL(url).hostname !== '') return undefined;
  return 'must name a server, like smtp://user:password@mail.example.org:587 (a % in the password as %25, an @ as %40)';
}

/** The problem with a MAIL_FROM, undefined for none. (Without an address nodemailer would leave out From.) */
export function mailFromProblem(from: string): string | undefined {
  const [, named, bare] = /^(?:[^<>]*<([^\s<>]+)>|([^\s<>]+))$/.exec(from.trim()) ?? [];
  if (emailProblem(named ?? bare ?? '', 1) === undefined) return undefined;
  return 'must be an address, or like taskledger <no-reply@example.org>';
}
