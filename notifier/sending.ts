/** The outcomes of handing a message over, on any channel. Any other error means that the message was not taken, and may be tried again. */
import { Unavailable } from '../platform/absences/unavailable.ts';

/** The names of what messages are handed to, where its absences are told. */
export const RECEIVERS = { smtp: 'the mail server', sms: 'the SMS provider', outbox: 'the outbox' } as const;

/** The other side has taken the message. `providerId`: its name for the message; `provider`: which of several providers it is, by its label. */
export interface Taken {
  providerId?: string;
  provider?: string;
}

/** The other side will never take the message: it is not tried again. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The connection broke, or the time ran out, after the message was sent and before the answer: the other side may have taken the message. */
export class FateUnknown extends Error {
  override readonly name = 'FateUnknown';
}

/** The message was not taken, and the other side says when to try again. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  /** Milliseconds to wait before the next try; 0 where the other side named none. */
  readonly after: number;

  constructor(message: string, after: number) {
    super(message);
    this.after = after;
  }
}

/** The other side cannot be reached, or the outbox's disk refuses: the message was not taken. */
export class ReceiverUnavailable extends Unavailable {
  override readonly name = 'ReceiverUnavailable';
  readonly answer = 'Messages cannot be sent or shown right now. Try again.';
  readonly dependency: string;

  constructor(receiver: keyof typeof RECEIVERS, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.dependency = RECEIVERS[receiver];
  }
}

/** No connection to the other side came about, or it wanted nobody: whichever message it was, it was not taken. It waits, and takes no attempt. */
export class ReceiverAway extends ReceiverUnavailable {}

/**
 * The recipient may not have the message yet: the address is not confirmed, or has had as many mails as it may have for now. The message is held back,
 * and takes no attempt. Its words name no address.
 */
export class NotYet extends Error {
  override readonly name = 'NotYet';
  /** Milliseconds after which it may be tried again; 0 where that is not known. */
  readonly after: number;

  constructor(message: string, after = 0) {
    super(message);
    this.after = after;
  }
}

/** The message waited for a provider for as long as one may; it is given up. */
export class WaitedTooLong extends Refused {}

/** True for an error for which no message is to blame: the message waits, and takes no attempt. */
export function isWaiting(error: unknown): error is Unusable | ReceiverAway {
  return error instanceof Unusable || error instanceof ReceiverAway;
}

/**
 * Nothing can be handed over as the provider is set, whatever the message is: an operator has to mend that. The message waits, and takes no attempt.
 */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}
