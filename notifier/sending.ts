/** How handing a message over may end, on any channel. What is thrown and none of these may pass, and says that the message was not taken. */

/** The other side has taken it. `providerId`: what it calls the message. */
export interface Taken {
  providerId?: string;
}

/** The other side will never take it: it is not tried again. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** The connection went, or the time ran out, after the message was sent and before it was answered: the other side may have taken it. */
export class FateUnknown extends Error {
  override readonly name = 'FateUnknown';
}

/** It was not taken, and the other side says when to come again. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  /** Milliseconds not to come again before. */
  readonly after: number;

  constructor(message: string, after: number) {
    super(message);
    this.after = after;
  }
}
