/** Mail by SMTP, through nodemailer. */
import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { FateUnknown, ReceiverAway, ReceiverUnavailable, Refused, Unusable } from '../../sending.ts';
import type { Mailer } from '../mailer.ts';
import { ehloName } from './ehlo-name.ts';
import { readSmtpUrl, type SmtpSettings } from './settings.ts';
import './smtputf8.ts';
import { headerSubject } from './subject.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps:`, with the parameters of settings.ts. */
  url: string;
  /** The sender, as `Name <address>`. */
  from: string;
  /** The address where people reach the pages: its host is the name of the greeting, unless the URL has one. */
  publicUrl?: string | undefined;
}

/** Opens a mailer with a pool of connections, the first of which is made for the first mail. Error: SmtpUrlError. */
export function openSmtp({ url, from, publicUrl }: SmtpOptions): Mailer {
  const settings = readSmtpUrl(url);
  let opening: Promise<SmtpPool> | undefined;

  return {
    send: async (mail, signal) => {
      opening ??= nameOf(settings, publicUrl).then((name) => openPool({ ...settings, name }, from));
      return (await opening).send(mail, signal);
    },
    close: async () => (await opening)?.close(),
  };
}

async function nameOf({ name }: SmtpSettings, publicUrl: string | undefined): Promise<string> {
  return name ?? ehloName(publicUrl);
}

interface SmtpPool {
  send: Mailer['send'];
  close(): void;
}

function openPool({ label: _, ...settings }: SmtpSettings, from: string): SmtpPool {
  const transport = createTransport({
    ...settings,
    pool: true,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as Parameters<typeof createTransport>[0]);
  /**
   * The streams from which nodemailer reads the mails, by Message-ID. There is one once a connection stands for the mail, whose server has greeted
   * and logged us in; one that was read shows that the server was given the content.
   */
  const contents = new Map<string, Readable>();
  transport.use('stream', ({ message }, done) => {
    message.processFunc((content: Readable) => {
      contents.set(message.messageId(), content);
      return content;
    });
    done();
  });

  return {
    send: async ({ to, subject, text, html, messageId, unsubscribe }, signal) => {
      const id = `<${messageId}>`;
      try {
        await transport.sendMail({
          from,
          to,
          subject: headerSubject(subject),
          text,
          html,
          messageId: id,
          headers: { 'Auto-Submitted': 'auto-generated', ...listHeaders(unsubscribe) },
          signal,
        });
        return {};
      } catch (error) {
        throw classed(error as SmtpError, contents.get(id));
      } finally {
        contents.delete(id);
      }
    },
    close: () => transport.close(),
  };
}

interface SmtpError extends Error {
  /** The code of the server's answer, where it gave one. */
  responseCode?: number;
  code?: string;
  /** The SMTP command that failed; CONN is the greeting. */
  command?: string;
}

/** Codes of nodemailer for a server that is not there, or goes. */
const AWAY = new Set(['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS']);

/** Commands whose refusal is about this one mail. */
const ABOUT_THE_MAIL = ['MAIL FROM', 'RCPT TO', 'DATA'];

/**
 * The error of sending.ts for an SMTP error. 5yz answers are permanent, 4yz are not (RFC 5321, 4.2.1); an address that nodemailer cannot use is
 * permanent, too. A server that refuses everybody, or wants other credentials (530), waits for the operator, and every mail meanwhile.
 * Where the content was given and no answer came (6.1), the fate is unknown. Before a connection stood for it, no mail is to blame.
 */
function classed(error: SmtpError, content: Readable | undefined): Error {
  if (isRefusal(error)) return new Refused(error.message, { cause: error });
  const wanted = mendedBy(error);
  if (wanted) return new Unusable(wanted, { cause: error });
  if (!content && error.name !== 'AbortError') return new ReceiverAway('smtp', error);
  if (error.responseCode) return error;
  if (content?.readableDidRead) return new FateUnknown(error.message, { cause: error });
  return AWAY.has(error.code ?? '') ? new ReceiverUnavailable('smtp', error) : error;
}

function isRefusal({ responseCode, code, command = '' }: SmtpError): boolean {
  if (!responseCode) return code === 'EENVELOPE';
  return responseCode >= 500 && responseCode !== 530 && ABOUT_THE_MAIL.includes(command);
}

/** What an operator has to mend, where an error says that TLS came to nothing, so that nothing was said to the server; else undefined. */
function mendedBy({ code, message, responseCode }: SmtpError): string | undefined {
  if (code === 'ETLS' || /does not support required STARTTLS/.test(message)) return untrusted(message) ?? NO_TLS;
  return responseCode ? undefined : (untrusted(message) ?? (/wrong version number/i.test(message) ? NOT_AT_ONCE : undefined));
}

const NO_TLS = 'the mail server offers no TLS, without which no password goes to it: give MAIL_URL smtps:, or the port where it offers STARTTLS';
const NOT_AT_ONCE = 'the mail server speaks no TLS on the port of MAIL_URL: smtps: wants that, smtp: begins without';

function untrusted(message: string): string | undefined {
  if (!/certificate|altnames/i.test(message)) return undefined;
  return 'the mail server shows a certificate that is not trusted: give MAIL_URL the parameter ca, a file';
}

/** The headers of a mail that can be stopped with one click (RFC 2369, RFC 8058). */
function listHeaders(unsubscribe: string | undefined): Record<string, string> {
  return unsubscribe === undefined ? {} : { 'List-Unsubscribe': `<${unsubscribe}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}
