/** The keys under which a store takes what clients post to it themselves; nothing serves them. */

/** The beginning of all of them. */
export const INCOMING = 'incoming/';

/** The beginning of the keys of what a user's clients post. The last part of a key is the file's id. */
export function incomingOf(user: string): string {
  return `${INCOMING}${user}/`;
}
