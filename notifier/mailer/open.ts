/** Opens the mailer that a URL names. */

import { join } from 'node:path';
import { emailProblem } from '../../contracts/email.ts';
import { UserError } from '../../platform/user-error.ts';
import { isElsewhere, labelsProblem, throughProviders, urlsIn } from '../providers.ts';
import type { Mailer } from './mailer.ts';
import { type Outbox, type OutboxOptions, openOutbox } from './outbox/outbox.ts';
import { readSmtpUrl } from './smtp/settings.ts';
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
  /** The address where people reach the pages, where it is known: its host is the name by which mail servers are greeted. */
  publicUrl?: string | undefined;
}

/**
 * Opens `outbox:` (a file in `dataDir`), or mail servers: `smtp://host` or `smtps://host`, several with blanks between, in the order in which they are
 * asked. The log hears of servers that fail, or cannot be used. Errors: MailSettingsError, OutboxError.
 */
export function openMailer(url: string, { dataDir, from, publicUrl, ...outboxOptions }: OpenSender): OpenMailer {
  const problems = [named('MAIL_URL', mailUrlProblem(url)), named('MAIL_FROM', mailFromProblem(from))].filter(Boolean);
  if (problems.length > 0) throw new MailSettingsError(problems.join('; '));
  if (isElsewhere(url)) throw new MailSettingsError('MAIL_URL is elsewhere: in a process that sends mails: name the mail server, or outbox:');
  if (url.startsWith('outbox:')) {
    const outbox = openOutbox(join(dataDir, 'outbox.db'), outboxOptions);
    return { mailer: outbox, outbox };
  }
  const servers = urlsIn(url).map((one) => openSmtp({ url: one, from, publicUrl }));
  const labels = urlsIn(url).map((one, index) => readSmtpUrl(one).label ?? String(index + 1));
  const providers = throughProviders(
    servers.map(({ send }, index) => ({ label: labels[index] ?? '', send })),
    { variable: 'MAIL_URL', log: outboxOptions.log ?? {} },
  );
  const close = async () => void (await Promise.all(servers.map((one) => one.close())));
  return { mailer: { ...providers, close }, outbox: null };
}

function named(variable: string, problem: string | undefined): string | undefined {
  return problem && `${variable} ${problem}`;
}

/** The problem with a MAIL_URL, undefined for none; `elsewhere:` is for processes that send no mails. (A missing host would mean this machine to nodemailer.) It does not repeat the URL's password. */
export function mailUrlProblem(url: string): string | undefined {
  const urls = urlsIn(url);
  if (urls.length < 2) return problemOf(url.trim());
  // What does not begin like a URL may be a part of a password with a blank in it.
  if (!urls.every((one) => /^smtps?:/.test(one)))
    return 'must have, with blanks between them, URLs that begin with smtp: or smtps: (a blank in a password as %20)';
  return urls.map(problemOf).find(Boolean) ?? labelsProblem(urls.map((one) => readSmtpUrl(one).label));
}

function problemOf(url: string): string | undefined {
  const scheme = url.split(':')[0] ?? '';
  if (scheme === 'outbox' || isElsewhere(url)) return undefined;
  if (!['smtp', 'smtps'].includes(scheme)) return `must begin with outbox:, smtp: or smtps:; there is no mailer for ${scheme}: here`;
  try {
    readSmtpUrl(url);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The problem with a MAIL_FROM, undefined for none. (Without an address nodemailer would leave out From.) */
export function mailFromProblem(from: string): string | undefined {
  const [, named, bare] = /^(?:[^<>]*<([^\s<>]+)>|([^\s<>]+))$/.exec(from.trim()) ?? [];
  if (emailProblem(named ?? bare ?? '', 1) === undefined) return undefined;
  return 'must be an address, or like taskledger <no-reply@example.org>';
}
