/** Errors that are no fault of this code. */
import { Unavailable } from '../platform/absences/unavailable.ts';
import { StoreDamaged } from '../platform/event-store/event-store.ts';
import { UserError } from '../platform/user-error.ts';

/** True for an error whose message alone says what to do, so that a stack would not help the reader. */
export function isExpected(error: unknown): error is Error {
  return error instanceof UserError || error instanceof StoreDamaged || error instanceof Unavailable;
}
