/** Mail by SMTP, through nodemailer. */
import type { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { FateUnknown, Refused } from '../../sending.ts';
import type { Mailer } from '../mailer.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps:`. */
  url: string;
  /** `Name <address>` of the sender. */
  from: string;
  /** Milliseconds for each step: finding the host, connecting, greeting, silence; default 10,000. */
  timeout?: number;
}

/** Opens a pool of connections; none is made before the first mail. */
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
  /** What nodemailer reads each mail from, by Message-ID: it is read when the server has said that it takes the mail, not before. */
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
        await transport.sendMail({ from, to, subject, text, html, messageId: id, headers: { 'Auto-Submitted': 'auto-generated' }, signal });
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
  /** The server's answer, where it gave one. */
  responseCode?: number;
  code?: string;
  /** The SMTP command that was answered so; CONN is the greeting. */
  command?: string;
}

/** Commands whose answer is about this one mail. */
const ABOUT_THE_MAIL = ['MAIL FROM', 'RCPT TO', 'DATA'];

/**
 * RFC 5321, 4.2.1: 5yz is permanent, 4yz is not; an address that nodemailer itself cannot use is permanent too.
 * A server that wants nobody, or other credentials (530), is the operator's to mend: until then every mail waits.
 * Where the content was given and no answer came (6.1), nobody knows.
 */
function classed(error: SmtpError, contentGiven: boolean): Error {
  if (isRefusal(error)) return new Refused(error.message, { cause: error });
  return contentGiven && !error.responseCode ? new FateUnknown(error.message, { cause: error }) : error;
}

function isRefusal({ responseCode, code, command = '' }: SmtpError): boolean {
  if (!responseCode) return code === 'EENVELOPE';
  return responseCode >= 500 && responseCode !== 530 && ABOUT_THE_MAIL.includes(command);
}
