/** What only the operator can mend. */
import { UserError } from '../../../platform/user-error.ts';

/** What to do where the target is not ours to fill. */
export const EMPTY = 'Give it an empty one, or name another.';

/** Both sides must be equal in the end. */
export function differs(what: string): UserError {
  return new UserError(
    `The copy is not like its source: ${what}. Something else writes there, or a store is at fault. Empty the target and run it again.`,
  );
}
