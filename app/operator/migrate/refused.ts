/** What only the operator can mend. */

/** An error that is shown as its one line. */
export function refused(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name: 'UserError' });
}

/** What to do where the target is not ours to fill. */
export const EMPTY = 'Give it an empty one, or name another.';

/** Both sides must be equal in the end. */
export function differs(what: string): Error {
  return refused(`The copy is not like its source: ${what}. Something else writes there, or a store is at fault. Empty the target and run it again.`);
}
