/** The mailer's port: hands one mail over. Implementations: outbox/ (embedded), smtp/. */
import type { Taken } from '../sending.ts';

export interface Mail {
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  /** Without the angle brackets; the same for every attempt at one notification. */
  messageId: string;
}

export interface Mailer {
  /** Resolves once the other side has taken it; gives up when the signal aborts. Errors: those of sending.ts; any other may pass, and says that the mail was not taken. */
  send(mail: Mail, signal: AbortSignal): Promise<Taken>;
  close(): Promise<void>;
}
