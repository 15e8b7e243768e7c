/** Refusals of a move, which only the operator can mend. */
import { UserError } from '../../../platform/user-error.ts';

/** The advice where the target holds other data. */
export const EMPTY = 'Give it an empty one, or name another.';

/** The error where both sides are not equal in the end. `what`: the difference. */
export function differs(what: string): UserError {
  return new UserError(
    `The copy is not like its source: ${what}. Something else writes there, or a store is at fault. Empty the target and run it again.`,
  );
}
