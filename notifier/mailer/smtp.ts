/** Mail by SMTP, through nodemailer. */
import { createTransport } from 'nodemailer';
import { type Mailer, MailRefused, MailUnknown } from './mailer.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587` or `smtps:`. */
  url: string;
  /** `Name <address>` of the sender. */
  from: string;
  /** Milliseconds for each step: connecting, greeting, silence. A worker's lease is longer than their sum. */
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
  } as Parameters<typeof createTransport>[0]);
  return {
    send: async ({ to, subject, text, html, messageId }) => {
      try {
        await transport.sendMail({ from, to, subject, text, html, messageId: `<${messageId}>`, headers: { 'Auto-Submitted': 'auto-generated' } });
      } catch (error) {
        throw classed(error as SmtpError);
      }
    },
    close: async () => transport.close(),
  };
}

interface SmtpError extends Error {
  responseCode?: number;
  code?: string;
  /** The SMTP command that was not answered well. */
  command?: string;
}

/**
 * RFC 5321, 4.2.1: 5yz is permanent, 4yz is not; an address that nodemailer itself cannot use is permanent too.
 * Wrong credentials are the operator's to mend. After DATA without an answer (6.1), nobody knows.
 */
function classed(error: SmtpError): Error {
  const { responseCode = 0, code, command } = error;
  if (code === 'EAUTH') return error;
  if (responseCode >= 500 || (code === 'EENVELOPE' && responseCode === 0)) return new MailRefused(error.message, { cause: error });
  return command === 'DATA' && responseCode === 0 ? new MailUnknown(error.message, { cause: error }) : error;
}
