/** The texter's port: hands one SMS over. Implementations: the outbox (embedded), http/. */
import type { Taken } from '../sending.ts';

export interface Text {
  /** A phone number in E.164 form. */
  to: string;
  text: string;
  /** The notification's id; the same for every attempt at it. */
  id: string;
  /** Where the provider is to say what became of it; null: nowhere. */
  statusCallback: string | null;
}

export interface Texter {
  /** Resolves once the other side has taken it; gives up when the signal aborts. Errors: those of sending.ts; any other may pass, and says that the SMS was not taken. */
  send(text: Text, signal: AbortSignal): Promise<Taken>;
  close(): Promise<void>;
}
