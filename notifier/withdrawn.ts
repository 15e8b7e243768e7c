/** The reasons why a notification is taken back instead of sent: it ends as `cancelled`, with the message as its reason (so: no personal data). */

/** What a notification would tell is not so any more, or not for its recipient to know. */
export class Withdrawn extends Error {
  override readonly name: string = 'Withdrawn';
}

/** The recipient exists no more, or has no address on the channel. */
export class NobodyThere extends Withdrawn {
  override readonly name = 'NobodyThere';
}
