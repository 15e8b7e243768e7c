/**
 * The mailer's port: hands one mail over. Implementations: outbox/ (embedded), smtp/.
 *
 *     const to = { name: 'Alice', address: 'alice@example.org' };
 *     await mailer.send({ to, subject, text, html, messageId }, AbortSignal.timeout(60_000));
 */
import type { Taken } from '../sending.ts';

export interface Mail {
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  /** The Message-ID without angle brackets; the same for every attempt at one notification. */
  messageId: string;
  /** The link that stops mails of this kind with one click (RFC 8058); missing where they cannot be stopped. */
  unsubscribe?: string;
}

export interface Mailer {
  /**
   * Resolves once the other side has taken the mail; gives up when the signal aborts.
   * Errors: those of sending.ts; any other error means that the mail was not taken, and may be tried again.
   */
  send(mail: Mail, signal: AbortSignal): Promise<Taken>;
  /** False while nothing can be sent as the provider is set, which an operator has to mend; missing: true. */
  isUsable?(): boolean;
  close(): Promise<void>;
}
