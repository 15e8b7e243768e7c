/**
 * The texter's port: hands one SMS over. Implementations: the outbox (embedded), http/.
 *
 *     const text = { to: '+4915112345678', text: 'Your code is 123456', id, statusCallback: null };
 *     const { providerId } = await texter.send(text, AbortSignal.timeout(60_000));
 */
import type { Taken } from '../sending.ts';

export interface Text {
  /** A phone number in E.164 form. */
  to: string;
  text: string;
  /** The notification's id; the same for every attempt at it. */
  id: string;
  /** The address for the provider's reports; null: none. */
  statusCallback: string | null;
}

export interface Texter {
  /**
   * Resolves once the other side has taken the SMS; gives up when the signal aborts.
   * Errors: those of sending.ts; any other error means that the SMS was not taken, and may be tried again.
   */
  send(text: Text, signal: AbortSignal): Promise<Taken>;
  /** False while nothing can be sent as the provider is set, which an operator has to mend; missing: true. */
  isUsable?(): boolean;
  close(): Promise<void>;
}
