/** Errors that are no fault of this code. */
import { StoreDamaged, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { UserError } from '../platform/user-error.ts';

/** True for an error whose message alone says what to do, so that a stack would not help the reader. */
export function isExpected(error: unknown): error is Error {
  return [UserError, StoreDamaged, StoreUnavailable].some((kind) => error instanceof kind);
}
