/** Mail by SMTP, through nodemailer. */
import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { FateUnknown, ReceiverUnavailable, Refused } from '../../sending.ts';
import type { Mailer } from '../mailer.ts';
import './smtputf8.ts';
import { headerSubject } from './subject.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps:`. */
  url: string;
  /** The sender, as `Name <address>`. */
  from: string;
  /** Milliseconds for each step: finding the host, connecting, greeting, silence; default 10,000. */
  timeout?: number;
}

/** Opens a mailer with a pool of connections, the first of which is made for the first mail. */
export function openSmtp({ url, from, timeout = 10_000 }: SmtpOptions): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 5,
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as Parameters<typeof createTransport>[0]);
  /** The streams from which nodemailer reads the mails, by Message-ID. A stream that was read shows that the server was given the content. */
  const contents = new Map<string, Readable>();
  transport.use('stream', ({ message }, done) => {
    message.processFunc((content: Readable) => {
      contents.set(message.messageId(), content);
      return content;
    });
    done();
  });

  return {
    send: async ({ to, subject, text, html, messageId }, signal) => {
      const id = `<${messageId}>`;
      try {
        await transport.sendMail({
          from,
          to,
          subject: headerSubject(subject),
          text,
          html,
          messageId: id,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        });
        return {};
      } catch (error) {
        throw classed(error as SmtpError, contents.get(id)?.readableDidRead ?? false);
      } finally {
        contents.delete(id);
      }
    },
    close: async () => transport.close(),
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
 * Where the content was given and no answer came (6.1), the fate is unknown; before that the server is away.
 */
function classed(error: SmtpError, contentGiven: boolean): Error {
  if (isRefusal(error)) return new Refused(error.message, { cause: error });
  if (error.responseCode) return error;
  if (contentGiven) return new FateUnknown(error.message, { cause: error });
  return AWAY.has(error.code ?? '') ? new ReceiverUnavailable('smtp', error) : error;
}

function isRefusal({ responseCode, code, command = '' }: SmtpError): boolean {
  if (!responseCode) return code === 'EENVELOPE';
  return responseCode >= 500 && responseCode !== 530 && ABOUT_THE_MAIL.includes(command);
}
