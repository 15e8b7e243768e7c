/** The mailer's port: hands one mail over. Implementations: outbox.ts (embedded), smtp.ts. */

export interface Mail {
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  /** Without the angle brackets; the same for every attempt at one notification. */
  messageId: string;
}

export interface Mailer {
  /**
   * Resolves once the other side has taken it; gives up when the signal aborts. Errors: MailRefused, MailUnknown; anything else counts as
   * one that may pass, and says that the mail was not taken.
   */
  send(mail: Mail, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The other side will never take it: it is not tried again. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
}

/** The connection went, or the time ran out, after the mail was sent and before it was answered: the other side may have taken it. */
export class MailUnknown extends Error {
  override readonly name = 'MailUnknown';
}
